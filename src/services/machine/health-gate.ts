import { z } from 'zod';
import { reasonOf, remedy } from '../../errors.ts';
import type { ResourceContext } from '../stack/resource.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { formatAccess } from './access.ts';
import { causeOfDeath, lastLogLines, lookAtContainer } from './container.ts';
import { ConnectionLost } from './failures.ts';
import { layoutOf } from './layout.ts';
import { forwardingForbidden } from './model.ts';
import type { HostSession } from './session.ts';
import { requestThrough } from './through.ts';

export interface GateOptions {
  readonly key: string;
  readonly service: ServiceDefinition;
  readonly token: string | undefined;
  /** How long the service may take to say that its model is loaded, seconds. */
  readonly healthSeconds: number;
  /** Also ask for one real answer, and for how long to try; 0 for none. */
  readonly answerSeconds: number;
  /** Called once when the engine has lost its model: pulls it again. */
  readonly restoreModel?: () => Promise<void>;
}

const PROMPT = 'The gate of a deploy asks for one real answer before it calls a service ready. '.repeat(14);

const healthSchema = z.object({ ok: z.boolean(), ready: z.boolean().optional(), reason: z.string().optional() });
const problemSchema = z.object({ detail: z.string() });

/**
 * Waits until a service says that its model is loaded and, where asked for, has given one real answer through the port
 * that it publishes.
 *
 * @throws RemedyError `service-unhealthy` (exit 5) with the last reason seen and the last lines of the container's log
 */
export async function passGate(session: HostSession, options: GateOptions, context: ResourceContext): Promise<void> {
  await until(session, options, context, options.healthSeconds, () => healthReason(session, options, context.signal));
  if (options.answerSeconds === 0) return;
  await until(session, options, context, options.answerSeconds, () => answerReason(session, options, context.signal));
}

async function until(
  session: HostSession,
  options: GateOptions,
  { clock, emit, signal }: ResourceContext,
  seconds: number,
  look: () => Promise<string | undefined>,
): Promise<void> {
  const deadline = clock.monotonic() + seconds * 1000;
  let { restoreModel } = options;
  for (let polls = 1; ; polls++) {
    const reason = await look().catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof ConnectionLost) throw error;
      if (/administratively prohibited/i.test(reasonOf(error))) throw forwardingForbidden(session, error);
      return reasonOf(error);
    });
    if (reason === undefined) return;
    if (restoreModel !== undefined && /does not have model/.test(reason)) {
      await restoreModel();
      restoreModel = undefined;
    }
    const { project } = layoutOf(options.service.name);
    const container = polls % 4 === 0 ? await lookAtContainer(session, project, 'service', signal) : undefined;
    const died = container === undefined ? undefined : causeOfDeath(container);
    if (died !== undefined || clock.monotonic() > deadline)
      throw await unhealthy(session, options, died ?? reason, signal);
    emit({ type: 'step-waiting', key: options.key, action: 'ready', reason });
    await clock.sleep(polls < 10 ? 250 : 1000, signal);
  }
}

async function healthReason(session: HostSession, { service }: GateOptions, signal: AbortSignal) {
  const { status, text } = await requestThrough(session, {
    host: '127.0.0.1',
    port: service.port,
    path: '/health',
    silenceSeconds: 10,
    signal,
  });
  const health = healthSchema.safeParse(json(text));
  if (!health.success) return `/health answers ${status}, but not as ${service.title} does`;
  const { ok, ready = ok, reason = `its health answers ${status}` } = health.data;
  return ok && ready ? undefined : reason;
}

async function answerReason(session: HostSession, { service, token }: GateOptions, signal: AbortSignal) {
  const { status, text } = await requestThrough(session, {
    host: '127.0.0.1',
    port: service.port,
    path: service.path,
    body: { prompt: PROMPT },
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    silenceSeconds: 180,
    signal,
  });
  if (status === 200 && service.answer.safeParse(json(text)).success) return undefined;
  const problem = problemSchema.safeParse(json(text));
  return `a request was answered with ${status}${problem.success ? `: ${problem.data.detail}` : ''}`;
}

async function unhealthy(session: HostSession, { service, key }: GateOptions, reason: string, signal: AbortSignal) {
  const log = await lastLogLines(session, layoutOf(service.name).project, 'service', signal);
  return remedy.unhealthy(
    'service-unhealthy',
    [`${service.title} on ${formatAccess(session.access)} did not get ready: ${reason}`, ...log].join('\n'),
    [
      ...service.needs
        .filter((need) => reason.includes(`remote(${need.toUpperCase()})`))
        .map((need) => {
          const name = need.toUpperCase();
          return `check that ${name} runs and that this machine reaches it: it is what --${need}-url names`;
        }),
      `run the command again: it goes on with ${key}`,
    ],
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
