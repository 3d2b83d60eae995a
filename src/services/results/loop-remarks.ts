import type { PointSummary } from '../load/types.ts';

/** How its sessions came out, where requests belong to some. */
export function sessionRemark({ sessions }: PointSummary): string[] {
  if (sessions === undefined) return [];
  const { complete, broken, cut } = sessions;
  const ended = broken === 0 ? '' : `, ${broken} ended by a turn that failed`;
  return [`sessions: ${complete} complete${ended}${cut === 0 ? '' : `, ${cut} cut by the end of the point`}`];
}

/** Part of the places of a closed loop that may seem empty: times that are spread wide do that, too. */
const EMPTY_SHARE = 0.1;

/** Where throughput and times of a closed loop do not fit what was kept open. */
export function littleRemark({ little }: PointSummary): string[] {
  if (little === undefined || Math.abs(little.observed / little.expected - 1) <= EMPTY_SHARE) return [];
  const seen = Number(little.observed.toPrecision(3));
  return [
    `by Little's law ${seen} requests were open on average, and ${little.expected} should have been: a longer --duration tells more`,
  ];
}
