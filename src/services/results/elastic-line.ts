import type { ElasticOutcome } from '../load/types.ts';

/** What a group did under an elastic profile, in a sentence or two. */
export function elasticLines({
  group,
  startSize,
  peakSize,
  endSize,
  size,
  scaledIn,
  phases,
}: ElasticOutcome): string[] {
  const reached = size === undefined ? '' : peakSize >= size ? `, the ${size} that it was to reach` : ` of ${size}`;
  const top = Math.max(...phases.map(({ rate }) => rate));
  const back =
    scaledIn === undefined
      ? 'the profile was not offered to its end'
      : scaledIn
        ? `back at ${endSize}`
        : `still ${endSize} at the end of the wait for scale-in`;
  return [`Group: ${group} served with ${startSize}, then with ${peakSize}${reached}, at up to ${top} rps; ${back}.`];
}
