import { type RemedyError, remedy } from '../../../errors.ts';
import type { ChainClient, RawAnswer, Transport } from '../../chain/client.ts';
import { saidBy, titleOf } from '../../chain/said.ts';
import { defined } from '../../defined.ts';
import { parseJson } from '../../words.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { PROTOCOLS, protocolAt } from '../protocols/protocols.ts';
import { redirectOf, redirects } from '../sweep/health.ts';
import { atBase } from './api-paths.ts';
import { keyError, refusesKey } from './key-error.ts';
import { type ListedModel, readModels } from './models.ts';
import { typedAgain } from './typed-again.ts';

const TIMEOUT_MS = 5000;

/** What tells servers apart, in the order in which they are told of. */
const QUESTIONS = ['/v1/models', '/api/tags', '/health', '/props'] as const;
type Question = (typeof QUESTIONS)[number];

export interface Asking {
  readonly client: Pick<ChainClient, 'raw'>;
  /** By lower-case names; may be secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What was asked, and what came. */
export type Heard = Readonly<Record<Question, RawAnswer | Transport>>;

/** What a server turned out to be. */
export interface FoundServer {
  /** In words: `Ollama`. */
  readonly title: string;
  /** Name of the request protocol, and its path there. */
  readonly api: string;
  readonly path: string;
  /** Who makes what answers, as telemetry calls it. */
  readonly provider?: string;
  readonly models?: readonly ListedModel[];
}

/** Asks a server what it is. Rejects only when it is aborted. */
export async function askServer(base: string, { client, headers, signal }: Asking): Promise<Heard> {
  const ask = (path: Question) =>
    client.raw({ url: atBase(base, path), method: 'GET', timeoutMs: TIMEOUT_MS, signal, headers });
  const answers = await Promise.all(QUESTIONS.map(ask));
  return Object.fromEntries(QUESTIONS.map((path, index) => [path, answers[index]])) as Heard;
}

/** What a server is, by what it answered; undefined where nothing tells. Pure. */
export function judgeServer(heard: Heard): FoundServer | undefined {
  const service = serviceIn(heard['/health']);
  const own = service && protocolAt(service.path);
  if (service !== undefined && own !== undefined) {
    return { title: service.title, api: own.name, path: service.path, provider: 'chainctl' };
  }
  const tags = readModels(fieldsOf(heard['/api/tags']));
  const models = readModels(fieldsOf(heard['/v1/models']));
  const isLlama = fieldsOf(heard['/props'])?.default_generation_settings !== undefined;
  if (models !== undefined || isLlama) {
    const [title, provider] = kindOf(models ?? [], tags !== undefined, isLlama);
    return defined({ title, api: 'openai-chat', path: '/v1/chat/completions', provider, models: merged(models, tags) });
  }
  if (tags === undefined) return undefined;
  return { title: 'Ollama', api: 'ollama-chat', path: '/api/chat', provider: 'ollama', models: tags };
}

/** The service of a chain that says of itself that it is one, by its health. */
export function serviceIn(health: RawAnswer | Transport) {
  const said = fieldsOf(health)?.service;
  return SERVICES.find(({ name }) => name === said);
}

/** The name for people, and the one of telemetry. */
function kindOf(models: readonly ListedModel[], hasTags: boolean, isLlama: boolean): [title: string, provider: string] {
  const owners = models.map(({ owner }) => owner);
  if (owners.includes('chainctl')) return ['a service of a chain', 'chainctl'];
  if (owners.includes('vllm')) return ['vLLM', 'vllm'];
  if (isLlama || owners.includes('llamacpp')) return ['llama-server', 'llama_cpp'];
  return hasTags ? ['Ollama', 'ollama'] : ['a server with an OpenAI API', 'openai'];
}

/** Ollama tells only in its own list what a model is good for. */
export function merged(
  models: readonly ListedModel[] | undefined,
  tags: readonly ListedModel[] = [],
): readonly ListedModel[] | undefined {
  const others = new Set(tags.filter((each) => each.isOther).map(({ name }) => name));
  return models?.map((each) => ({ ...each, isOther: each.isOther || others.has(each.name) }));
}

/** What was sent, and the command as it was typed. */
interface Told extends Pick<Asking, 'headers'> {
  readonly commandLine: readonly string[];
}

/** Where nothing tells what a server is: why, and what to do. */
export function unknownServer(base: string, heard: Heard, { headers, commandLine }: Told): RemedyError {
  const answers = QUESTIONS.map((path) => [path, heard[path]] as const);
  const [, first] = answers[0] as (typeof answers)[number];
  if (answers.every(([, { kind }]) => kind === 'transport') && first.kind === 'transport') {
    return remedy.unhealthy('target-unhealthy', first.reason, [
      first.remedy,
      '"chainctl quick" looks for servers on the usual ports of this machine',
    ]);
  }
  for (const [path, reply] of answers) {
    const to = reply.kind === 'raw' ? redirectOf(reply, base) : undefined;
    if (to !== undefined && new URL(to).origin !== new URL(base).origin && reply.kind === 'raw') {
      return redirects(atBase(base, path), reply.status, to, new URL(to).origin);
    }
  }
  const asksKey = answers
    .flatMap(([path, reply]) => (reply.kind === 'raw' ? [[path, reply] as const] : []))
    .find(([, { status }]) => refusesKey(status));
  if (asksKey !== undefined) {
    const [path, { status, text }] = asksKey;
    return keyError({ url: atBase(base, path), status, said: saidBy(text)?.words, headers });
  }
  const isTls = answers.some(
    ([, reply]) => reply.kind === 'raw' && reply.status === 400 && ASKS_FOR_TLS.test(reply.text),
  );
  const tried = answers.map(([path, reply]) => `${path}: ${answerText(reply)}`).join('; ');
  const names = PROTOCOLS.map(({ name }) => name).join(', ');
  return remedy.usage('api-unknown', `nothing tells which API ${base} speaks (${tried})`, [
    ...(isTls ? [WITH_TLS] : []),
    `give the whole URL, or say what it speaks, for example: ${typedAgain(commandLine, { api: 'openai-chat' })}`,
    `--api is one of ${names}`,
  ]);
}

/** What servers of Go, nginx, Apache and Tomcat say to plain HTTP on a port for TLS. */
export const ASKS_FOR_TLS = /plain http\b.{0,30}(https|ssl)|http request to an https|requires tls/i;
export const WITH_TLS = 'it speaks TLS there: write https:// in place of http://';

/** Whether a server may have models, and tells nobody without a key. */
export function asksForKey({ '/v1/models': models }: Heard): boolean {
  return models.kind === 'raw' && models.status === 401;
}

/** `404 (no such route)`. */
function answerText(reply: RawAnswer | Transport): string {
  if (reply.kind === 'transport') return reply.reason;
  const page = titleOf(reply.text);
  const words = page ?? saidBy(reply.text)?.words;
  const isBrief = words !== undefined && words.length < 60;
  return (reply.status >= 400 || page !== undefined) && isBrief ? `${reply.status} (${words})` : String(reply.status);
}

function fieldsOf(reply: RawAnswer | Transport): Readonly<Record<string, unknown>> | undefined {
  if (reply.kind === 'transport') return undefined;
  const body = parseJson(reply.text);
  // What does not serve yet says already what it is.
  const counts = reply.status === 200 || reply.status === 503;
  return counts && typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
}
