import { engineSays, errorText, parseObject } from './engine-error.ts';
import { parseTime } from './engine-models.ts';
import { keepAliveField } from './keep-alive.ts';
import type { Upstream } from './upstream.ts';

/** What a model is loaded with: that of the requests. */
export interface LoadSettings {
  readonly model: string;
  readonly numPredict: number;
  readonly numCtx: number;
  readonly temperature: number;
  /** Ollama's duration ("30m", "-1"): how long the model stays loaded after a request. */
  readonly keepAlive: string;
}

/**
 * Ollama loads a model and answers when it is loaded, if it is asked to generate from nothing. A loaded model only stays
 * longer by it. It loads again whatever is loaded with other options, so these are the very options of the requests.
 * Rejects with the engine's own words.
 * @returns when the engine answered, by its own clock (milliseconds since 1970); undefined where it does not tell
 */
export async function loadModel(
  engine: Pick<Upstream, 'request'>,
  settings: LoadSettings,
  timeoutMs: number,
): Promise<number | undefined> {
  const body = JSON.stringify(modelFields(settings));
  const reply = await engine.request({ method: 'POST', path: '/api/generate', body, timeoutMs });
  const answer = parseObject(reply.text);
  if (reply.status !== 200 || errorText(answer) !== undefined) throw new Error(engineSays(reply));
  return typeof answer?.created_at === 'string' ? parseTime(answer.created_at) : undefined;
}

function modelFields({ model, keepAlive, numPredict, numCtx, temperature }: LoadSettings) {
  return {
    model,
    stream: false,
    keep_alive: keepAliveField(keepAlive),
    options: { num_predict: numPredict, num_ctx: numCtx, temperature },
  };
}
