import { type RemedyError, remedy } from '../../../errors.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { unauthorized } from '../../chain/token.ts';
import { UNASKED_STREAM } from '../protocols/answers.ts';
import type { RequestForm } from '../protocols/ask.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { atBase } from './api-paths.ts';
import { ASKS_FOR_TLS, type Asking, askServer, judgeServer, WITH_TLS } from './ask-server.ts';
import { listModels } from './find-target.ts';
import { keyError, refusesKey } from './key-error.ts';
import { someNames } from './models.ts';
import { type Offered, offeredAnyway } from './typed-again.ts';

/** What came of one request before the sweep. */
interface Refused {
  readonly status?: number;
  readonly said?: string;
  readonly why: string;
  /** Of a success by its status that is none. */
  readonly fault?: string;
}

/** Statuses of a client's fault that another request, or another time, may not get: busy, in conflict, too early, too many. */
const PASSING = [408, 409, 423, 425, 429, 499];
/** Successes by their status that are none, and of which there will be no other. */
const FAULTS = ['error-answer', 'not-json', 'not-the-contract'];

/**
 * Why a target refuses what every request would ask for, and the flag that mends it.
 *
 * @returns undefined where it may answer the next one: a busy one, one that fails, one that is not reached
 */
export async function explainRefusal(
  target: Pick<Offered, 'targetUrl' | 'commandLine'>,
  form: RequestForm,
  refused: Refused,
  asking: Asking,
): Promise<RemedyError | undefined> {
  const { status = 0, said, why, fault } = refused;
  const { targetUrl } = target;
  const { headers } = asking;
  if (refusesKey(status)) {
    const isOwn = protocolNamed(form.api).provider === 'chainctl';
    return isOwn && status === 401
      ? unauthorized(targetUrl, headers.authorization !== undefined)
      : keyError({ url: targetUrl, status, said, headers });
  }
  const isFault = fault !== undefined && FAULTS.includes(fault);
  // Every request of the load would get it.
  const isRefused = status >= 400 && status < 500 && !PASSING.includes(status);
  if (!isRefused && !isFault) return undefined;
  const words = said ?? /^HTTP \d+(?::| error:) (.*)$/s.exec(why)?.[1] ?? (isFault ? why : '');
  const what = isFault ? 'does not answer as it should' : `refuses requests (status ${status})`;
  const message = `${targetUrl} ${what}${words === '' ? '' : `: ${excerpt(words)}`}`;
  const steps = await stepsFor(targetUrl, form, { status, words, isOther: fault === 'not-json' }, asking);
  return remedy.usage('target-refuses', message, [...steps, ...offeredAnyway({ ...form, ...target })]);
}

interface Words {
  readonly status: number;
  readonly words: string;
  readonly isOther: boolean;
}

/** What the words of a refusal ask for; the first that fits counts. */
const CAUSES: readonly (readonly [RegExp, (form: RequestForm) => string[]])[] = [
  [
    /max_completion_tokens/i,
    ({ maxTokensField = 'max_tokens' }) => [
      `name the limit as this target does: --max-tokens-field ${maxTokensField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'}`,
    ],
  ],
  [ASKS_FOR_TLS, () => [WITH_TLS]],
  [/ignore_eos/i, () => ['leave --ignore-eos out: this target does not know it']],
  [
    new RegExp(UNASKED_STREAM),
    ({ template }) => [
      'add --stream: its answers come as streams, and their tokens are measured then',
      ...(template === undefined ? [] : ['or write "stream": {{stream}} into the template of --body-file']),
    ],
  ],
  [
    /\bstream(s|ing|ed)?\b/i,
    ({ stream }) => (stream ? ['leave --stream out: this target does not stream what it is asked for'] : []),
  ],
  [/temperature/i, () => ['leave --temperature out, or give one that this model takes']],
  [
    /context (length|size|window)|maximum (context|input|number of (input )?tokens)|(prompt|input).{0,30}too (long|large|big)|exceed.{0,40}(token|context)|reduce the length/i,
    () => ['ask for less: a shorter --prompt-file, --input-tokens N, or --max-tokens N'],
  ],
  [
    /at least 1000 characters/i,
    () => ['this is a service of the chain: give a --prompt-file of 1000 characters or more'],
  ],
];

const ABOUT_MODEL =
  /model.{0,80}(not (found|exist|supported|available|loaded)|does not (exist|support)|no such|unknown|invalid|required|missing)|(no such|unknown|invalid|missing).{0,30}model|does not support (chat|generate|completion)/i;

async function stepsFor(targetUrl: string, form: RequestForm, said: Words, asking: Asking): Promise<string[]> {
  const { status, words, isOther } = said;
  for (const [pattern, steps] of CAUSES) {
    const found = pattern.test(words) ? steps(form) : [];
    if (found.length > 0) return found;
  }
  if (ABOUT_MODEL.test(words)) return modelSteps(targetUrl, form, asking);
  if (status === 402) return ['see to the account: the key was taken, and nobody pays for more'];
  if (status === 407) return ['a proxy wants a login: HTTP_PROXY=http://NAME:PASSWORD@HOST:PORT, or HTTPS_PROXY'];
  if (status === 413) return ['ask for less: a shorter --prompt-file, or --input-tokens N'];
  if (status === 415) return ["say what the body is: --header 'content-type: ...'"];
  if (status === 404 || status === 405 || isOther) return pathSteps(targetUrl, asking);
  return [
    `it was asked as ${form.api}: --api names another API, and --body-file FILE writes the body as this target takes it`,
  ];
}

async function modelSteps(targetUrl: string, { api }: RequestForm, asking: Asking): Promise<string[]> {
  const models = await listModels(targetUrl, protocolNamed(api), asking);
  if ('why' in models) return ['name another model with --model'];
  const names = models.filter(({ isOther }) => !isOther).map(({ name }) => name);
  const [first] = names;
  return first === undefined ? ['it lists no model that answers'] : [`--model ${first} (it has ${someNames(names)})`];
}

/** Where that server answers, if it tells. */
async function pathSteps(targetUrl: string, asking: Asking): Promise<string[]> {
  const base = new URL('/', targetUrl).href.replace(/\/$/, '');
  const server = judgeServer(await askServer(base, asking));
  if (server === undefined)
    return [`check the path of --target; with --target ${base} alone the server is asked what it is`];
  const url = atBase(base, server.path);
  return url === targetUrl
    ? [`check the path of --target`]
    : [`there is ${server.title}, which answers at --target ${url}`];
}
