import type { SweepPlan } from '../types.ts';

/** The length of a point that ends when it has sent what it shall: longer than anybody waits. */
export const NO_END_SECONDS = 86_400;

type Windowed = Pick<SweepPlan, 'loop' | 'requests' | 'turns' | 'durationSeconds'>;

/**
 * Length of the window of a point, seconds. A rate has sent enough requests after a time that is known before; where
 * answers decide what is sent, the point ends when it is so.
 */
export function windowSeconds(
  { loop, requests, turns = 1, durationSeconds: planned }: Windowed,
  rate: number,
  durationSeconds = planned,
): number {
  const isTimed = requests !== undefined && loop === undefined && turns === 1;
  return isTimed ? Math.min(durationSeconds, requests / rate) : durationSeconds;
}

/** Whether nothing but the number of its requests ends a point. */
export function endsWithRequests({
  durationSeconds,
  requests,
}: Pick<Windowed, 'requests' | 'durationSeconds'>): boolean {
  return requests !== undefined && durationSeconds >= NO_END_SECONDS;
}
