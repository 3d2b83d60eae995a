import type { Admission } from './admission.ts';
import type { ServiceContext } from './run-service.ts';
import { roundSeconds } from './seconds.ts';
import type { CommonSettings } from './service-settings.ts';
import { VERSION } from './version.ts';

/** What `/health` tells about a service beside whether it can serve: its age, its load and its bounds. */
export function vitals(
  context: ServiceContext,
  admission: Admission,
  { auth, concurrency, queue, maxInFlight }: CommonSettings,
  startedAt: number,
): Record<string, unknown> {
  return {
    version: VERSION,
    uptime_seconds: roundSeconds((performance.now() - startedAt) / 1000),
    in_flight: context.inFlight,
    ...drainVitals(context),
    working: admission.active,
    queued: admission.waiting,
    ...auth.vitals,
    capacity: { concurrency, queue, in_flight: maxInFlight },
  };
}

/** How long a service that has been told to stop still waits for what is in flight. */
export function drainVitals({ drainSecondsLeft }: ServiceContext): Record<string, number> {
  return drainSecondsLeft === undefined ? {} : { drain_seconds_left: roundSeconds(drainSecondsLeft) };
}
