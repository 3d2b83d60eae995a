import { z } from 'zod';
import { RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { DEFAULT_CONCURRENCY, TUNING } from '../../chain/tuning.ts';
import { pullProgress } from '../../pull-progress.ts';
import { parseJson } from '../../words.ts';
import { formatAccess } from '../access.ts';
import { lookAtContainer, waitForContainer } from '../container.ts';
import { ConnectionLost } from '../failures.ts';
import type { Step } from '../host-resource.ts';
import type { HostSession } from '../session.ts';
import { requestThrough } from '../through.ts';
import type { MachineEngine } from './engine.ts';

const ENGINE_PORT = 11_434;
/** The engine answers within this time of its start, seconds. */
const START_SECONDS = 90;
/** A download that says nothing for this long is begun again; the engine goes on where it was. */
const SILENCE_SECONDS = 60;
const PULL_ATTEMPTS = 4;

const text = z.string().optional();
const bytes = z.number().optional();
const pullLine = z.object({ status: text, error: text, digest: text, completed: bytes, total: bytes });

/** Ollama: it pulls its models itself. */
export const ollama: MachineEngine = {
  name: 'ollama',
  settings: (spec, image) => ({
    OLLAMA_IMAGE: image,
    ENGINE_SLOTS: spec.env[TUNING.concurrency.variable] ?? String(DEFAULT_CONCURRENCY),
  }),
  async ensure(session, { service, model }, step) {
    if (model !== undefined) await ensureModel(session, service, model, step);
  },
};

/** Sees that the engine beside a service has a model, pulling it with progress. */
async function ensureModel(session: HostSession, service: string, model: string, step: Step): Promise<void> {
  const { clock, signal, waiting } = step;
  const host = await waitForEngine(session, service, step);
  const show = { host, port: ENGINE_PORT, path: '/api/show', body: { model }, silenceSeconds: 30, signal };
  if ((await requestThrough(session, show)).status === 200) return;
  for (let attempt = 1; ; attempt++) {
    try {
      return await pull(session, host, model, step);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionLost || error instanceof RemedyError || /no space left/i.test(reasonOf(error)))
        throw error;
      if (attempt >= PULL_ATTEMPTS) throw pullFailed(session, model, error);
      waiting(`pulling ${model}: ${reasonOf(error)}; trying again`);
      await clock.sleep(1000 * attempt, signal);
    }
  }
}

/**
 * The engine is not published; the machine itself reaches it at its address in the project's network.
 *
 * @returns the address once it answers there
 */
function waitForEngine(session: HostSession, service: string, step: Step): Promise<string> {
  const { signal } = step;
  const where = formatAccess(session.access);
  return waitForContainer(session, step, {
    service,
    container: 'ollama',
    deadlineSeconds: START_SECONDS,
    async look() {
      const engine = await lookAtContainer(session, service, 'ollama', signal);
      const { address: host } = engine ?? {};
      if (host === undefined) return { reason: `the engine's container is ${engine?.state ?? 'not there'}` };
      await requestThrough(session, { host, port: ENGINE_PORT, path: '/', silenceSeconds: 10, signal });
      return { done: host };
    },
    failed: (why: string) =>
      remedy.unhealthy('engine-not-ready', `the engine on ${where} did not start: ${why}`, [
        'check the image, which --ollama-image can name',
        'then run the command again',
      ]),
  });
}

async function pull(session: HostSession, host: string, model: string, { key, emit, signal }: Step) {
  let last: z.infer<typeof pullLine> = {};
  const progress = pullProgress(model, key, emit);
  const answer = await requestThrough(session, {
    host,
    port: ENGINE_PORT,
    path: '/api/pull',
    body: { model, stream: true },
    silenceSeconds: SILENCE_SECONDS,
    signal,
    onLine(line) {
      const parsed = pullLine.safeParse(parseJson(line)).data;
      if (parsed === undefined) return;
      last = { ...parsed, error: last.error ?? parsed.error };
      if (parsed.error === undefined) progress.line(parsed);
    },
  });
  if (last.error !== undefined) {
    const error = new Error(last.error);
    throw /file does not exist|not found|invalid model name/i.test(last.error)
      ? pullFailed(session, model, error)
      : error;
  }
  if (answer.status !== 200 || last.status !== 'success')
    throw new Error(`it ended with ${last.status ?? answer.status}`);
  progress.done();
}

function pullFailed(session: HostSession, model: string, cause: unknown): RemedyError {
  return remedy.configuration(
    'model-pull',
    `the model ${model} could not be pulled on ${formatAccess(session.access)}: ${reasonOf(cause)}`,
    [
      'check the name at https://ollama.com/library, and that the machine reaches registry.ollama.ai',
      'then run the command again: what was downloaded is kept',
    ],
    cause,
  );
}
