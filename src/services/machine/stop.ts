import { cutOffText, DRAIN_SECONDS, drainReason, readInFlight } from '../chain/drain.ts';
import type { ResourceContext } from '../stack/resource.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { ConnectionLost } from './failures.ts';
import type { Step } from './host-resource.ts';
import { layoutOf } from './layout.ts';
import type { HostSession } from './session.ts';
import { requestThrough } from './through.ts';

/** From TERM to KILL, seconds: what the compose files say, so that a service has its own drain and a little more. */
export const STOP_GRACE_SECONDS = DRAIN_SECONDS + 10;
/** For a command that stops a service and does a little more, seconds. */
export const STOP_TIMEOUT_SECONDS = STOP_GRACE_SECONDS + 210;

/** Says what a service has in flight, which its stop will wait for; nothing where it has nothing, or does not answer. */
export async function tellInFlight(session: HostSession, { port }: ServiceDefinition, { signal, waiting }: Step) {
  const question = { host: '127.0.0.1', port, path: '/health', silenceSeconds: 5, signal };
  const answer = await requestThrough(session, question).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof ConnectionLost) throw error;
    return undefined;
  });
  const open = readInFlight(answer?.text ?? '')?.open ?? 0;
  if (open > 0) waiting(drainReason(open));
}

/** Stops a service, but not its engine, without which it could not end what is in flight; writes what was cut off. */
export function stopScript(service: string): string {
  const own = layoutOf(service).named('service');
  return [
    `docker ps -q ${own} | xargs -r docker stop -t ${STOP_GRACE_SECONDS} >/dev/null`,
    `docker ps -aq ${own} | head -n 1 | xargs -r docker logs --tail 5 2>&1 | grep 'cut off$' || true`,
  ].join('\n');
}

/** What of the output of `stopScript` a service said at its end; see templates/services/common/run-service.ts. Pure. */
export function readCutOff(output: string): number {
  return Number(/(\d+) requests did not finish in time and are cut off$/m.exec(output)?.[1] ?? 0);
}

/** Tells what {@link stopScript} says. */
export function tellCutOff(key: string, output: string, { emit }: Pick<ResourceContext, 'emit'>): void {
  const open = readCutOff(output);
  if (open > 0) emit({ type: 'note', level: 'warn', text: `${cutOffText(key, open)} after ${DRAIN_SECONDS} s` });
}
