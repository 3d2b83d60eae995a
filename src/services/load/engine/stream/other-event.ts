type Part = Readonly<Record<string, unknown>>;

/** What an event of a form with no choices in it says. Pieces are texts, or what has one. */
export interface OtherEvent {
  readonly text?: unknown;
  readonly reasoning?: unknown;
  readonly finish?: unknown;
  readonly model?: unknown;
  /** It says itself that nothing follows. */
  readonly isLast?: boolean;
  readonly error?: unknown;
}

const NOTHING: OtherEvent = {};

/** Forms of single makers, by what tells them apart; a new one is a line. */
const FORMS: readonly ((event: Part) => OtherEvent | undefined)[] = [anthropic, responses, gemini, textGeneration];

/** Reads an event as those APIs send it that are asked with a template of the operator's own. */
export function readOther(event: Part): OtherEvent {
  if (event.choices !== undefined) return NOTHING;
  for (const form of FORMS) {
    const found = form(event);
    if (found !== undefined) return found;
  }
  return NOTHING;
}

/** Anthropic's messages: events that tell their type, and pieces that tell theirs. */
function anthropic({ type, delta, message }: Part): OtherEvent | undefined {
  if (type === 'message_stop') return { isLast: true };
  if (type === 'message_start') return { model: part(message).model };
  if (type === 'message_delta') return { finish: part(delta).stop_reason };
  if (type !== 'content_block_delta') return undefined;
  const { text, partial_json: call, thinking } = part(delta);
  return { text: text ?? call, reasoning: thinking };
}

/** OpenAI's responses. */
function responses({ type, delta, response, message }: Part): OtherEvent | undefined {
  // `{"type":"error","message":...}`: the only event that has no answer in it.
  if (type === 'error' && typeof message === 'string') return { error: message };
  if (typeof type !== 'string' || !type.startsWith('response.')) return undefined;
  if (type.endsWith('.delta')) return /\.reasoning/.test(type) ? { reasoning: delta } : { text: delta };
  const { model, error, incomplete_details: why } = part(response);
  if (type === 'response.completed') return { finish: 'completed', isLast: true, model };
  if (type === 'response.incomplete') return { finish: part(why).reason ?? 'incomplete', isLast: true, model };
  return type === 'response.failed' ? { error: error ?? 'no reason given' } : { model };
}

/** Gemini's own API. */
function gemini({ candidates, modelVersion }: Part): OtherEvent | undefined {
  if (!Array.isArray(candidates)) return undefined;
  const { content, finishReason } = part(candidates[0]);
  const { parts } = part(content);
  const all = Array.isArray(parts) ? parts.map(part) : [];
  return {
    text: all.filter(({ thought }) => thought !== true),
    reasoning: all.filter(({ thought }) => thought === true),
    finish: finishReason,
    model: modelVersion,
  };
}

/** The own API of Hugging Face's text-generation-inference. Its last event has the whole text, too. */
function textGeneration({ token, details, generated_text: whole }: Part): OtherEvent | undefined {
  if (typeof token !== 'object' || token === null) return undefined;
  return { finish: part(details).finish_reason, isLast: typeof whole === 'string' };
}

function part(value: unknown): Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : {};
}
