import { parseDuration } from '../../durations.ts';
import { POLICIES, RESOLVES, type Step } from './pipeline.ts';
import { readHeaders, readUrls } from './read-addresses.ts';
import { readInput } from './read-input.ts';
import { type KindSpec, STEP_KINDS } from './step-kinds.ts';
import { type Path, parseTemplate, pathsOf, type Value } from './template.ts';
import { didYouMean, type Entry, type Placed, quote, type YamlReader } from './yaml-reader.ts';

/** A step as its own lines say it; what it says of others is checked when all are read. */
export interface RawStep {
  readonly step: Omit<Step, 'needs'>;
  readonly at: Placed;
  /** What it waits for, by name, with the value that says so. */
  readonly needs: readonly { readonly name: string; readonly at: Placed }[];
  /** What its templates name. */
  readonly paths: readonly { readonly path: Path; readonly at: Placed }[];
  /** The step that embeds its documents, at start. */
  readonly embed: { readonly name: string; readonly at: Placed } | undefined;
  /** What the own engine has to have for it. */
  readonly model: { readonly name: string; readonly at: Placed } | undefined;
  /** A file that has to be there. */
  readonly file: { readonly name: string; readonly at: Placed } | undefined;
  readonly isAnswer: boolean;
}

const COMMON = ['kind', 'needs', 'timeout', 'retries', 'retry_on', 'on_error', 'answer'] as const;
const ADDRESSED = ['url', 'urls', 'policy', 'resolve', 'headers'] as const;
const NAME = /^[a-z][a-z0-9_-]{0,31}$/;
/** No timer runs for longer. */
const LONGEST_TIMEOUT_SECONDS = 86_400;

/** @throws PipelineFault */
export function readStep(reader: YamlReader, { key: name, ...at }: Entry): RawStep {
  if (!NAME.test(name)) {
    throw reader.fault(
      at,
      `${quote(name)} is no name of a step: a letter, then letters, digits, - and _, at most 32, in lower case`,
    );
  }
  const what = `step "${name}"`;
  const fields = new Map(reader.entries(at, what).map((entry) => [entry.key, entry]));
  const { kind, spec } = readKind(reader, fields, what, at);
  for (const entry of fields.values()) checkKey(reader, entry, what, kind, spec);
  const read = <T>(key: string, as: (entry: Entry, says: string) => T): T | undefined => {
    const entry = fields.get(key);
    return entry === undefined ? undefined : as(entry, `${key} of ${what}`);
  };
  const inputs: Record<string, Value> = {};
  const paths: { path: Path; at: Placed }[] = [];
  for (const [key, field] of Object.entries(spec.inputs)) {
    const entry = fields.get(key);
    const isGiven = entry !== undefined;
    if (!isGiven && 'isRequired' in field && field.isRequired)
      throw reader.fault(at, `${what} of kind "${kind}" needs ${key}`);
    const value = isGiven
      ? readInput(reader, entry, `${key} of ${what}`, field)
      : 'default' in field && field.default !== undefined
        ? parseTemplate(field.default)
        : undefined;
    if (value === undefined) continue;
    inputs[key] = value;
    for (const path of pathsOf(value)) paths.push({ path, at: entry ?? at });
  }
  const both = ['messages', 'prompt'].filter((key) => fields.has(key));
  if (both.length === 2)
    throw reader.fault(fields.get('prompt') as Entry, `${what} has messages and a prompt: leave one out`);
  const shape = read('shape', (entry, says) => reader.oneOf(entry, says, spec.shapes ?? [])) ?? spec.shapes?.[0];
  const urls = readUrls(reader, { fields, what, kind, spec, shape, at });
  const timeout = read('timeout', (entry, says) => readTimeout(reader, entry, says));
  return {
    at,
    step: {
      name,
      kind,
      shape,
      inputs,
      urls,
      policy: read('policy', (entry, says) => reader.oneOf(entry, says, POLICIES, reader.filled(entry, says))),
      resolve: read('resolve', (entry, says) => reader.oneOf(entry, says, RESOLVES, reader.filled(entry, says))),
      headers: read('headers', (entry, says) => readHeaders(reader, entry, says)) ?? {},
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      retries: read('retries', (entry, says) => reader.number(entry, says, { min: 0, max: 10, isWhole: true })) ?? 0,
      retryOn: read('retry_on', (entry, says) => readRetryOn(reader, entry, says)) ?? [],
      onError: read('on_error', (entry, says) => reader.oneOf(entry, says, ['fail', 'skip'])) ?? 'fail',
    },
    needs: read('needs', (entry, says) => readNeeds(reader, entry, says)) ?? [],
    paths,
    model:
      urls.length === 0 ? read('model', (entry, says) => ({ name: reader.filled(entry, says), at: entry })) : undefined,
    embed: read('embed', (entry, says) => ({ name: reader.text(entry, says), at: entry })),
    file:
      kind === 'index'
        ? read('documents', (entry, says) => ({ name: reader.text(entry, says), at: entry }))
        : undefined,
    isAnswer: read('answer', (entry, says) => reader.flag(entry, says)) ?? false,
  };
}

function readKind(reader: YamlReader, fields: ReadonlyMap<string, Entry>, what: string, at: Placed) {
  const entry = fields.get('kind');
  const kinds = Object.keys(STEP_KINDS);
  if (entry === undefined) throw reader.fault(at, `${what} needs a kind: ${kinds.join(', ')}`);
  const kind = reader.text(entry, `kind of ${what}`);
  const spec = Object.hasOwn(STEP_KINDS, kind) ? STEP_KINDS[kind] : undefined;
  if (spec !== undefined) return { kind, spec };
  const meant = didYouMean(kind, kinds);
  throw reader.fault(entry, `${what} has the unknown kind ${quote(kind)}${meant || `: there are ${kinds.join(', ')}`}`);
}

function checkKey(reader: YamlReader, { key, ...at }: Entry, what: string, kind: string, spec: KindSpec): void {
  const own = [
    ...COMMON,
    ...Object.keys(spec.inputs),
    ...(spec.shapes === undefined ? [] : ['shape']),
    ...(spec.url === 'none' ? [] : ADDRESSED),
  ];
  if (own.includes(key)) return;
  const isElsewhere = [
    ...ADDRESSED,
    'shape',
    ...Object.values(STEP_KINDS).flatMap(({ inputs }) => Object.keys(inputs)),
  ];
  const meant = didYouMean(key, own);
  if (isElsewhere.includes(key)) throw reader.fault(at, `${what} of kind "${kind}" takes no ${key}${meant}`);
  throw reader.fault(at, `unknown key ${quote(key)} of ${what}${meant}`);
}

function readNeeds(reader: YamlReader, at: Placed, says: string): { name: string; at: Placed }[] {
  const items = reader.isList(at) ? reader.items(at, says) : [at];
  return items.map((item) => ({ name: reader.text(item, says), at: item }));
}

function readRetryOn(reader: YamlReader, at: Placed, says: string): (number | 'timeout')[] {
  return reader.items(at, says).map((item) => {
    if (reader.scalar(item) === 'timeout') return 'timeout';
    const value = reader.scalar(item);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599) return value;
    throw reader.fault(item, `${says} must be statuses from 400 to 599, or timeout`);
  });
}

/** Seconds. */
export function readTimeout(reader: YamlReader, at: Placed, says: string): number {
  const value = reader.scalar(at);
  const text = typeof value === 'number' ? String(value) : reader.text(at, says);
  let seconds: number;
  try {
    seconds = parseDuration(text);
  } catch (error) {
    throw reader.fault(at, `${says}: ${(error as Error).message}`);
  }
  if (seconds >= 0.001 && seconds <= LONGEST_TIMEOUT_SECONDS) return seconds;
  throw reader.fault(at, `${says} must be from 1ms to 24h`);
}
