import { remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { RawAnswer, Transport } from '../../chain/client.ts';
import { saidBy } from '../../chain/said.ts';
import { defined } from '../../defined.ts';
import { parseJson } from '../../words.ts';
import type { RequestProtocol } from '../protocols/protocol.ts';
import { PROTOCOLS, protocolNamed, protocolOf } from '../protocols/protocols.ts';
import { redirectOf } from '../sweep/health.ts';
import { atBase, isBase, modelLists } from './api-paths.ts';
import { type Asking, askServer, judgeServer, merged, serviceIn, unknownServer } from './ask-server.ts';
import { keyError, refusesKey } from './key-error.ts';
import { chooseModel, isGraph, type ListedModel, readModels, someNames } from './models.ts';
import { typedAgain } from './typed-again.ts';

/** What is known of a target from flags alone. */
export interface TargetSettings {
  readonly targetUrl: string;
  readonly api?: string;
  readonly model?: string;
  /** The body's own text; one without a place for the model names it itself. */
  readonly template?: string;
  /** Whether a server may be asked what it is. */
  readonly preflight: boolean;
}

export interface FindDeps extends Asking {
  readonly emit: Emit;
  /** The command as it was typed, for one that can be pasted. */
  readonly commandLine: readonly string[];
}

/** Where requests go, what they are, and which model they name. */
export interface FoundTarget {
  readonly targetUrl: string;
  readonly api: string;
  readonly model?: string;
  readonly provider?: string;
}

/**
 * Finds out what a target is: by its path, else by asking the server; and its model where requests name one. What was
 * found that nobody said is told in a note.
 *
 * @throws RemedyError: exit 2 where nothing tells the API or the model, exit 3 where a key is missing or there is no model,
 *   exit 5 where nothing answers
 */
export async function findTarget(settings: TargetSettings, deps: FindDeps): Promise<FoundTarget> {
  const { targetUrl, api, preflight } = settings;
  if (!isBase(targetUrl)) return withModel(settings, { targetUrl, api: protocolOf(settings).name }, undefined, deps);
  if (api !== undefined || !preflight) {
    const { name, paths } = api === undefined ? defaultOf(settings) : protocolNamed(api);
    const [path] = paths;
    const url = path === undefined ? targetUrl : atBase(targetUrl, path);
    if (api === undefined) deps.emit({ type: 'note', level: 'warn', text: unasked(targetUrl, url, name, deps) });
    return withModel(settings, { targetUrl: url, api: name }, undefined, deps);
  }
  const heard = await askServer(targetUrl, deps);
  const server = judgeServer(heard);
  if (server === undefined) throw unknownServer(targetUrl, heard, deps);
  const url = atBase(targetUrl, server.path);
  const found = defined({ targetUrl: url, api: server.api, provider: server.provider });
  const text = `${targetUrl} is ${server.title}: requests go to ${url} (--api asks for another API than ${server.api})`;
  deps.emit({ type: 'note', level: 'info', text });
  return withModel(settings, found, server.models, deps);
}

/** Unasked, a server is taken for the service in which chains begin; where a model is named, or `/v1`, for what most have. */
function defaultOf({ targetUrl, model }: TargetSettings): RequestProtocol {
  const [first] = PROTOCOLS;
  const isChain = model === undefined && new URL(targetUrl).pathname === '/';
  return isChain && first !== undefined ? first : protocolNamed('openai-chat');
}

function unasked(base: string, url: string, api: string, { commandLine }: FindDeps): string {
  const other = typedAgain(commandLine, { api: api === 'openai-chat' ? 'openai-completions' : 'openai-chat' });
  return `--no-preflight does not ask ${base} what it is: requests go to ${url}, as ${api} takes them. For another API: ${other}`;
}

async function withModel(
  { model, template }: TargetSettings,
  found: FoundTarget,
  listed: readonly ListedModel[] | undefined,
  deps: FindDeps,
): Promise<FoundTarget> {
  const protocol = protocolNamed(found.api);
  const provider = found.provider ?? protocol.provider;
  if (model !== undefined) return defined({ ...found, model, provider });
  const isNamed = template === undefined || /\{\{\s*model\s*\}\}/.test(template);
  if (protocol.models === undefined || !isNamed) return defined({ ...found, provider });
  const models = listed ?? (await listModels(found.targetUrl, protocol, deps));
  const paste = (name: string) => typedAgain(deps.commandLine, { model: name });
  if ('why' in models) {
    const { url, status = 0, said, unreached } = models;
    if (unreached !== undefined) {
      // A busy one may answer requests, and its list later.
      const later = unreached.code === 'timeout' ? [`where only its list takes so long: ${paste('NAME')}`] : [];
      throw remedy.unhealthy('target-unhealthy', unreached.reason, [unreached.remedy, ...later]);
    }
    if (refusesKey(status)) {
      throw keyError({ url, status, said, headers: deps.headers }, [`where only its list does: ${paste('NAME')}`]);
    }
    const fault = `requests to ${found.targetUrl} name a model, and ${models.url} does not list any (${models.why})`;
    throw remedy.usage('model-needed', fault, [`name it: ${paste('NAME')}`]);
  }
  const chosen = chooseModel(models, protocol.operation);
  if ('name' in chosen) {
    const text = `asks for ${chosen.name}, ${whatIs(chosen, models)} (--model asks for another one)`;
    deps.emit({ type: 'note', level: 'info', text });
    return defined({ ...found, model: chosen.name, provider });
  }
  const [first] = chosen;
  if (first !== undefined) {
    const fault = `${found.targetUrl} has ${chosen.length} models: ${someNames(chosen)}`;
    throw remedy.usage('model-needed', fault, [`name one of them: ${paste(first)}`]);
  }
  const other =
    models.length === 0 ? 'no model' : `only models that embed or rank (${someNames(models.map(({ name }) => name))})`;
  throw remedy.configuration('no-model', `${found.targetUrl} has ${other}`, [
    'load a model into that server ("ollama pull NAME" where it is Ollama), then run this again',
  ]);
}

function whatIs(chosen: ListedModel, models: readonly ListedModel[]): string {
  if (isGraph(chosen)) return 'the whole chain';
  const graph = models.find(isGraph);
  if (graph !== undefined) return `a model of its engine: ${graph.name}, the whole chain, is for chats only`;
  if (chosen.isOwn) return 'its own model';
  return models.length === 1 ? 'its only model' : 'the model that it has for this';
}

/** Where a list of models should be, and why there is none. */
interface NoList {
  readonly url: string;
  readonly why: string;
  /** Of the answer, where one came, and what it says for itself. */
  readonly status?: number;
  readonly said?: string;
  /** Where no answer came. */
  readonly unreached?: Pick<Transport, 'code' | 'reason' | 'remedy'>;
}

/** The models of a target, or where its list should be and why there is none. */
export async function listModels(
  targetUrl: string,
  protocol: RequestProtocol,
  { client, headers, signal }: Asking,
): Promise<readonly ListedModel[] | NoList> {
  const ask = async (url: string) => client.raw({ url, method: 'GET', timeoutMs: LIST_TIMEOUT_MS, signal, headers });
  const read = async (path: string) => {
    const reply = await ask(new URL(path, targetUrl).href);
    return reply.kind === 'raw' && reply.status === 200 ? readModels(parseJson(reply.text)) : undefined;
  };
  let missing: NoList | undefined;
  for (const url of modelLists(targetUrl, protocol)) {
    const reply = await ask(url);
    const models = reply.kind === 'raw' && reply.status === 200 ? readModels(parseJson(reply.text)) : undefined;
    if (models !== undefined) {
      const isOfTags = protocol.models === TAGS;
      const chosen = chooseModel(models, protocol.operation);
      // Ollama's list has no graphs: whether there are any, only a service of a chain can tell.
      if (models.some(isGraph) || ('name' in chosen && !isOfTags)) return ownFirst(models);
      if (serviceIn(await ask(new URL('/health', url).href)) !== undefined) {
        return ownFirst((isOfTags ? await read('/v1/models') : undefined) ?? models, true);
      }
      if ('name' in chosen || isOfTags) return models;
      return merged(models, await read(TAGS)) ?? models;
    }
    missing ??= { url, ...noList(url, reply) };
  }
  return missing ?? { url: targetUrl, why: 'nobody knows where' };
}

/** A service of the chain lists its graph first, then its own model: that is the one that it answers with. */
function ownFirst(models: readonly ListedModel[], isService = models.some(isGraph)): readonly ListedModel[] {
  const own = isService ? models.find((each) => !isGraph(each)) : undefined;
  return own === undefined ? models : models.map((each) => (each === own ? { ...each, isOwn: true } : each));
}

function noList(url: string, reply: RawAnswer | Transport): Omit<NoList, 'url'> {
  if (reply.kind === 'transport') return { why: reply.reason, unreached: reply };
  const { status } = reply;
  const to = redirectOf(reply, url);
  const said = to === undefined ? saidBy(reply.text)?.words : `redirects to ${to}`;
  const why = [`status ${status}`, said].filter(Boolean).join(': ').slice(0, 150);
  return { why, status, ...defined({ said }) };
}

const LIST_TIMEOUT_MS = 5000;
const TAGS = '/api/tags';
