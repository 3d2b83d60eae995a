import type { ElasticOutcome } from '../load/types.ts';
import { display } from './text.ts';

/** What a group did under an elastic profile, in a sentence. */
export function elasticLines({
  group,
  startSize,
  peakSize,
  endSize,
  size,
  unseenSeconds,
  scaledIn,
  phases,
}: ElasticOutcome): string[] {
  const of = size === undefined ? '' : ` of ${size}`;
  const top = Math.max(...phases.map(({ rate }) => rate));
  const seen = unseenSeconds === undefined ? '' : `, as last seen ${Math.round(unseenSeconds)} s before`;
  const back =
    scaledIn === undefined
      ? '; the profile was not offered to its end'
      : scaledIn
        ? `, and back to ${endSize}`
        : `, and still had ${endSize} when the wait for scale-in was over${seen}`;
  return [`Group: ${display(group)} went from ${startSize} to ${peakSize}${of} at up to ${top} rps${back}.`];
}
