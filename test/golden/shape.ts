/** What of an answer is compared: no times, ids, sizes, or text that a model has written. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of JSON its shape; of JSON lines and events the shape of each, equal neighbours once; else the text. */
  readonly body: unknown;
}

const HEADERS = ['content-type', 'allow', 'location'];
/** Fields whose text the server writes: compared as it is. */
const LITERAL = new Set([
  'error',
  'done_reason',
  'status',
  'role',
  'format',
  'model',
  'object',
  'finish_reason',
  'owned_by',
  'system_fingerprint',
]);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Describes an answer, with `{model}` wherever the model's name stands. */
export async function answerOf(response: Response, model: string): Promise<Answer> {
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const headers: Record<string, string> = {};
  for (const name of HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return { status: response.status, headers, body: bodyOf(text, type, model) };
}

function bodyOf(text: string, type: string, model: string): unknown {
  if (type.includes('ndjson')) {
    const shapes = text
      .trimEnd()
      .split('\n')
      .map((line) => shapeOf(JSON.parse(line), '', model));
    return withoutRepeats(shapes);
  }
  if (type.includes('event-stream')) return withoutRepeats(text.split('\n\n').map((event) => eventOf(event, model)));
  return type.includes('json') && text !== '' ? shapeOf(JSON.parse(text), '', model) : text;
}

function withoutRepeats(shapes: readonly unknown[]): unknown[] {
  return shapes.filter((shape, index) => JSON.stringify(shape) !== JSON.stringify(shapes[index - 1]));
}

/** What is no data of JSON stays as it is: `[DONE]`, and the nothing after the last event. */
function eventOf(event: string, model: string): unknown {
  const data = /^data: (\{.*\})$/s.exec(event)?.[1];
  return data === undefined ? event : shapeOf(JSON.parse(data), '', model);
}

/** Types in the place of values; keys in their order. A list is the shapes of its elements, each once. */
function shapeOf(value: unknown, key: string, model: string): unknown {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((element) => [JSON.stringify(shapeOf(element, key, model)), element]));
    return [...shapes.keys()].map((text) => JSON.parse(text));
  }
  if (typeof value === 'object' && value !== null) {
    // All of OpenAI's error is the server's.
    if (key === 'error') return JSON.parse(JSON.stringify(value).replaceAll(model, '{model}'));
    // The simulated engine's mark, a difference on purpose.
    const fields = Object.entries(value).filter(([name]) => name !== 'simulated');
    return Object.fromEntries(fields.map(([name, field]) => [name, shapeOf(field, name, model)]));
  }
  if (typeof value === 'string') return textOf(value, key, model);
  if (value === null && key === 'finish_reason') return null;
  return typeof value === 'boolean' && key === 'done' ? value : typeof value;
}

function textOf(text: string, key: string, model: string): string {
  if (LITERAL.has(key)) {
    // Why a registry could not be reached is the system's text.
    return text.replaceAll(model, '{model}').replace(/^(pull model manifest: ).*/s, '$1...');
  }
  if ((key === 'name' || key === 'id') && text === model) return '{model}';
  if (TIME.test(text)) return 'time';
  if (/^[0-9a-f]{64}$/.test(text)) return 'digest';
  return key === 'id' ? text.replace(/\d+$/, '0') : 'string';
}
