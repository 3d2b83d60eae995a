import { z } from 'zod';
import { remedy } from '../../errors.ts';
import { detailOf } from '../chain/client.ts';
import { parseJson } from '../words.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { formatAccess } from './access.ts';
import { waitForContainer } from './container.ts';
import type { Step } from './host-resource.ts';
import type { HostSession } from './session.ts';
import { requestThrough } from './through.ts';

interface Gate {
  readonly service: ServiceDefinition;
  readonly token: string | undefined;
  /** It has given a real answer before: its health is enough. */
  readonly verified: boolean;
  /** Called once when the engine has lost its model: pulls it again. */
  restoreModel(): Promise<void>;
}

/** After a start: loading a model from a slow disk takes minutes. */
const FIRST_HEALTH_SECONDS = 600;
const FIRST_ANSWER_SECONDS = 60;
/** For a service that has served before: a machine that just booted loads its model again. */
const HEALTH_SECONDS = 180;

const PROMPT = 'The gate of a deploy asks for one real answer before it calls a service ready. '.repeat(14);

const healthSchema = z.object({ ok: z.boolean(), ready: z.boolean().optional(), reason: z.string().optional() });

/**
 * Waits until a service says that its model is loaded and, unless it did before, has given one real answer through the
 * port that it publishes.
 *
 * @throws RemedyError `service-unhealthy` (exit 5) with the last reason seen and the last lines of the container's log
 */
export async function passGate(session: HostSession, gate: Gate, step: Step): Promise<void> {
  const { service, verified, restoreModel } = gate;
  const pass = (deadlineSeconds: number, ask: () => Promise<string | undefined>) =>
    waitForContainer(session, step, {
      service: service.name,
      container: 'service',
      deadlineSeconds,
      async look() {
        const reason = await ask();
        return reason === undefined ? { done: undefined } : { reason };
      },
      failed: (why) => unhealthy(formatAccess(session.access), service, why, step.key),
    });
  const seconds = verified ? HEALTH_SECONDS : FIRST_HEALTH_SECONDS;
  let lostModel = false;
  await pass(seconds, async () => {
    const reason = await healthReason(session, service, step.signal);
    // A service pulls what it lacks itself; `restoreModel` joins that, and shows how far it is.
    lostModel = /does not have model|is pulling model/.test(reason ?? '');
    return lostModel ? undefined : reason;
  });
  if (lostModel) {
    // Not while looking, where what is thrown counts as a reason to look again: a full disk stays full.
    await restoreModel();
    await pass(seconds, () => healthReason(session, service, step.signal));
  }
  if (!verified) await pass(FIRST_ANSWER_SECONDS, () => answerReason(session, gate, step.signal));
}

async function healthReason(session: HostSession, { port, title }: ServiceDefinition, signal: AbortSignal) {
  const question = { host: '127.0.0.1', port, path: '/health', silenceSeconds: 10, signal };
  const { status, text } = await requestThrough(session, question);
  const health = healthSchema.safeParse(parseJson(text));
  if (!health.success) return `/health answers ${status}, but not as ${title} does`;
  const { ok, ready = ok, reason = `its health answers ${status}` } = health.data;
  return ok && ready ? undefined : reason;
}

async function answerReason(session: HostSession, { service, token }: Gate, signal: AbortSignal) {
  const { status, text } = await requestThrough(session, {
    host: '127.0.0.1',
    port: service.port,
    path: service.path,
    silenceSeconds: 180,
    signal,
    body: { prompt: PROMPT },
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (status === 200 && service.answer.safeParse(parseJson(text)).success) return undefined;
  const detail = detailOf(text);
  return `a request was answered with ${status}${detail === undefined ? '' : `: ${detail}`}`;
}

function unhealthy(where: string, { title, needs }: ServiceDefinition, why: string, key: string) {
  const unreached = needs.filter((need) => why.includes(`remote(${need.toUpperCase()})`));
  return remedy.unhealthy('service-unhealthy', `${title} on ${where} did not get ready: ${why}`, [
    ...unreached.map(
      (need) =>
        `check that ${need.toUpperCase()} runs and that this machine reaches it: it is what --${need}-url names`,
    ),
    `run the command again: it goes on with ${key}`,
  ]);
}
