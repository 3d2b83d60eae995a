import { Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';
import { type Upstream, UpstreamError } from './upstream.ts';

export interface GenerateSettings {
  readonly model: string;
  readonly numPredict: number;
  readonly numCtx: number;
  readonly temperature: number;
  /** Ollama's duration ("30m", "-1"): how long the model stays loaded after a request; "" leaves it to the engine. */
  readonly keepAlive: string;
  /** For one generation including its wait in the engine's queue, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Generation {
  readonly text: string;
  readonly seconds: number;
  readonly usage: { readonly prompt_eval_count: number; readonly eval_count: number };
  /** The engine said that it is a simulation. */
  readonly simulated: boolean;
}

/**
 * One generation. Failures become the contract's answers: 502 `<who> error: ...`, 504 when it takes too long.
 * @param who `ollama` in service B, `ollama(A)` in service A
 */
export async function generate(
  engine: Upstream,
  settings: GenerateSettings,
  prompt: string,
  scope: RequestScope,
  who: string,
): Promise<Generation> {
  scope.check();
  const startedAt = performance.now();
  const reply = await engine
    .request({
      method: 'POST',
      path: '/api/generate',
      body: JSON.stringify({
        model: settings.model,
        prompt,
        stream: false,
        ...keepAliveField(settings.keepAlive),
        options: {
          num_predict: settings.numPredict,
          num_ctx: settings.numCtx,
          temperature: settings.temperature,
        },
      }),
      timeoutMs: settings.timeoutMs,
      scope,
    })
    .catch((error: unknown) => {
      if (error instanceof UpstreamError) throw failure(who, error.message, error.kind === 'timeout' ? 504 : 502);
      throw error;
    });
  const seconds = (performance.now() - startedAt) / 1000;
  const body = parseObject(reply.text);
  if (reply.status !== 200) {
    throw failure(who, typeof body?.error === 'string' ? body.error : `answered with status ${reply.status}`);
  }
  if (typeof body?.response !== 'string') throw failure(who, 'answered with something that is not a generation');
  return {
    text: body.response,
    seconds,
    usage: { prompt_eval_count: count(body.prompt_eval_count), eval_count: count(body.eval_count) },
    simulated: body.simulated === true,
  };
}

/** Ollama loads a model and answers at once when it is asked to generate from nothing. Resolves when it is loaded. */
export async function preload(engine: Upstream, model: string, keepAlive: string, timeoutMs: number): Promise<void> {
  const body = JSON.stringify({ model, stream: false, ...keepAliveField(keepAlive) });
  const reply = await engine.request({ method: 'POST', path: '/api/generate', body, timeoutMs });
  if (reply.status === 200) return;
  const error = parseObject(reply.text)?.error;
  throw new Error(typeof error === 'string' ? error : `status ${reply.status}`);
}

/** Parses a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Ollama takes a bare number as seconds and refuses it as a string. */
function keepAliveField(keepAlive: string): { keep_alive?: string | number } {
  if (keepAlive === '') return {};
  return { keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive };
}

function failure(who: string, why: string, status = 502): Problem {
  return new Problem(status, `${who} error: ${why}`);
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
