import { z } from 'zod';
import { RemedyError, reasonOf, remedy } from '../../errors.ts';
import { pullProgress } from '../pull-progress.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { formatAccess } from './access.ts';
import { causeOfDeath, lastLogLines, lookAtContainer } from './container.ts';
import { ConnectionLost } from './failures.ts';
import type { HostSession } from './session.ts';
import { requestThrough } from './through.ts';

const ENGINE_PORT = 11_434;
/** The engine answers within this time of its start, seconds. */
const START_SECONDS = 90;
/** A download that says nothing for this long is begun again; the engine goes on where it was. */
const SILENCE_SECONDS = 60;
const PULL_ATTEMPTS = 4;

const pullLine = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  digest: z.string().optional(),
  completed: z.number().optional(),
  total: z.number().optional(),
});

export interface ModelInput {
  readonly project: string;
  readonly model: string;
  readonly key: string;
  readonly action: 'create' | 'update';
}

/** Sees that the engine of a Compose project has a model, pulling it with progress. */
export async function ensureModel(session: HostSession, input: ModelInput, context: ResourceContext): Promise<void> {
  const { model, key, action } = input;
  const { clock, emit, signal } = context;
  const host = await waitForEngine(session, input, context);
  const show = { host, port: ENGINE_PORT, path: '/api/show', body: { model }, silenceSeconds: 30, signal };
  if ((await requestThrough(session, show)).status === 200) return;
  for (let attempt = 1; ; attempt++) {
    try {
      return await pull(session, host, model, key, context);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionLost || error instanceof RemedyError || /no space left/i.test(reasonOf(error)))
        throw error;
      if (attempt >= PULL_ATTEMPTS) throw pullFailed(session, model, error);
      emit({
        type: 'step-waiting',
        key,
        action,
        reason: `pulling ${model}: ${reasonOf(error)}; trying again`,
      });
      await clock.sleep(1000 * attempt, signal);
    }
  }
}

/**
 * The engine is not published; the machine itself reaches it at its address in the project's network.
 *
 * @returns the address once it answers there
 */
async function waitForEngine(
  session: HostSession,
  { project, key, action }: ModelInput,
  { clock, emit, signal }: ResourceContext,
): Promise<string> {
  const deadline = clock.monotonic() + START_SECONDS * 1000;
  for (;;) {
    const engine = await lookAtContainer(session, project, 'ollama', signal);
    let reason = `its container is ${engine?.state ?? 'not there'}`;
    try {
      if (engine?.address !== undefined) {
        const { address: host } = engine;
        await requestThrough(session, { host, port: ENGINE_PORT, path: '/', silenceSeconds: 10, signal });
        return host;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectionLost) throw error;
      if (/administratively prohibited/i.test(reasonOf(error))) throw forwardingForbidden(session, error);
      reason = reasonOf(error);
    }
    const died = engine === undefined ? undefined : causeOfDeath(engine);
    if (died !== undefined || clock.monotonic() > deadline) {
      const log = await lastLogLines(session, project, 'ollama', signal);
      throw remedy.unhealthy(
        'engine-not-ready',
        [`the engine on ${formatAccess(session.access)} did not start: ${died ?? reason}`, ...log].join('\n'),
        ['check the image, which --ollama-image can name', 'then run the command again'],
      );
    }
    emit({ type: 'step-waiting', key, action, reason: `the engine does not answer yet: ${reason}` });
    await clock.sleep(500, signal);
  }
}

async function pull(session: HostSession, host: string, model: string, key: string, { emit, signal }: ResourceContext) {
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
      const parsed = parseLine(line);
      if (parsed === undefined) return;
      last = { ...parsed, error: last.error ?? parsed.error };
      if (parsed.error === undefined) progress.line(parsed);
    },
  });
  if (last.error !== undefined) {
    if (/file does not exist|not found|invalid model name/i.test(last.error))
      throw pullFailed(session, model, new Error(last.error));
    throw new Error(last.error);
  }
  if (answer.status !== 200 || last.status !== 'success')
    throw new Error(`it ended with ${last.status ?? answer.status}`);
  progress.done();
}

function parseLine(line: string): z.infer<typeof pullLine> | undefined {
  try {
    return pullLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
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

export function forwardingForbidden(session: HostSession, cause: unknown): RemedyError {
  return remedy.configuration(
    'ssh-forwarding',
    `the sshd of ${formatAccess(session.access)} forbids TCP forwarding, which reaches the services`,
    ['set "AllowTcpForwarding local" in /etc/ssh/sshd_config on the machine and reload sshd'],
    cause,
  );
}
