import { engineSays, engineText, errorText, parseObject } from '../engine-error.ts';
import { overloaded, Problem } from '../problem.ts';
import { UpstreamError, type UpstreamReply } from '../upstream.ts';
import { EngineFault } from './fault.ts';

/** A caller may come back after so many seconds when the engine could not be reached. */
const UNAVAILABLE_HEADERS = { 'retry-after': '5' };

/** What every engine says about a prompt that does not fit: Ollama, llama-server, vLLM, OpenAI. */
const TOO_LONG =
  /context (length|size|window)|exceed_context_size|context_length_exceeded|maximum (context|input)|prompt is too long/i;

/** Ollama tells of a schema that it cannot use with a 500, though it is the caller's. */
const BAD_FORMAT = /invalid JSON schema in format/i;

/**
 * The `Problem` of a chat, a completion or an embedding that failed; what is none of ours, a caller's end above all,
 * stays as it is. Text of the engine is one line of bounded length.
 * @param who begins the text: `ollama`, `ollama(A)`
 */
export function chatFailure(who: string, error: unknown): unknown {
  if (error instanceof EngineFault) return engineError(who, error.message);
  if (!(error instanceof UpstreamError)) return error;
  if (error.kind === 'timeout') return new Problem(504, `${who} error: ${error.message}`, {}, { code: 'timeout' });
  return error.unreached ? unavailable(who, error.message) : engineError(who, error.message);
}

/** The `Problem` for an answer other than 200; it knows that status, too. */
export function refusedChat(who: string, reply: UpstreamReply): Problem {
  return Object.assign(refusal(who, reply), { upstream: reply.status });
}

function refusal(who: string, reply: UpstreamReply): Problem {
  const text = engineText(reply);
  if (BAD_FORMAT.test(text)) return new Problem(400, text, {}, { param: 'response_format' });
  switch (reply.status) {
    case 400:
      return TOO_LONG.test(reply.text.slice(0, 4096))
        ? new Problem(400, text || 'the prompt is too long', {}, { code: 'context_length_exceeded', param: 'messages' })
        : new Problem(400, text || `${who} error: answered with status 400`);
    case 404:
      // A route that is missing is the operator's matter: a text about a model is the caller's.
      if (!/model/i.test(text)) break;
      return new Problem(404, text, {}, { code: 'model_not_found', param: 'model' });
    case 429:
      return overloaded(`${who} ${engineSays(reply)}`, Number(reply.headers['retry-after']) || 1);
    case 503:
      return unavailable(who, engineSays(reply));
  }
  return engineError(who, engineSays(reply));
}

/** A route that not every engine has. */
export function refusedRoute(who: string, url: string, path: string, reply: UpstreamReply): Problem {
  const { status } = reply;
  const isMissing = status === 405 || status === 501 || (status === 404 && !/model/i.test(engineText(reply)));
  if (!isMissing) return refusedChat(who, reply);
  // Ollama has the route, and says this of a model that cannot do it.
  if (status === 501 && errorText(parseObject(reply.text)) !== undefined) {
    return new Problem(400, engineText(reply), {}, { code: 'unsupported_parameter', param: 'model' });
  }
  return new Problem(400, `the engine at ${url} has no ${path}`, {}, { code: 'unsupported_parameter' });
}

/** The contract of `/chain` and `/invoke` knows two statuses: 504 for what took too long, else 502. */
export function generateFailure(who: string, error: unknown): unknown {
  const problem = chatFailure(who, error);
  if (!(error instanceof EngineFault || error instanceof UpstreamError)) return error;
  return problem instanceof Problem && problem.status === 503
    ? new Problem(502, problem.message, {}, { code: 'engine_unavailable' })
    : problem;
}

/** The same for an answer other than 200. */
export function refusedGenerate(who: string, reply: UpstreamReply): Problem {
  const code = refusedChat(who, reply).code ?? 'engine_error';
  const problem = new Problem(502, `${who} error: ${engineSays(reply)}`, {}, { code });
  return Object.assign(problem, { upstream: reply.status });
}

export function engineError(who: string, why: string): Problem {
  return new Problem(502, `${who} error: ${why}`, {}, { code: 'engine_error' });
}

function unavailable(who: string, why: string): Problem {
  return new Problem(503, `${who} error: ${why}`, UNAVAILABLE_HEADERS, { code: 'engine_unavailable' });
}
