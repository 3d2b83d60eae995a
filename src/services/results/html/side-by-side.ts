import type { SeriesSample } from '../../load/record/read-run.ts';
import type { PointSummary } from '../../load/types.ts';

interface Start extends Pick<PointSummary, 'index' | 'rate'> {
  /** Seconds since the epoch. */
  readonly at: number;
}

/**
 * The seconds of points that followed each other without a pause, on one time axis: what a point still got answered
 * while the next one was offered is counted in that one's seconds. Of two percentiles, the worse one stands.
 */
export function sideBySide(points: readonly PointSummary[], series: readonly SeriesSample[]): SeriesSample[] {
  const starts = points
    .map(({ index, rate, startedAt }): Start => ({ index, rate, at: Date.parse(startedAt) / 1000 }))
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at);
  const moved = series.map((sample) => (sample.phase === 'drain' ? movedTo(sample, starts) : sample));
  const seconds = [...Map.groupBy(moved, ({ index, second }) => `${index} ${second}`).values()];
  return seconds.map((each) => each.reduce(together)).sort((a, b) => a.index - b.index || a.second - b.second);
}

/** To the point that was offered in that second, if only from the middle of it on. */
function movedTo(sample: SeriesSample, starts: readonly Start[]): SeriesSample {
  const own = starts.find(({ index }) => index === sample.index);
  if (own === undefined) return sample;
  const end = own.at + sample.second + 1;
  const { index, rate, at } = starts.findLast((start) => start.at < end) ?? own;
  return index === own.index ? sample : { ...sample, index, rate, second: Math.max(0, Math.floor(end - 0.5 - at)) };
}

function together(one: SeriesSample, other: SeriesSample): SeriesSample {
  const hosts = { ...one.hosts };
  for (const [host, answers] of Object.entries(other.hosts)) hosts[host] = (hosts[host] ?? 0) + answers;
  return {
    ...other,
    ...one,
    phase: one.phase === 'drain' ? other.phase : one.phase,
    sent: one.sent + other.sent,
    ok: one.ok + other.ok,
    failed: one.failed + other.failed,
    inFlight: one.inFlight + other.inFlight,
    ...worse('p50', one, other),
    ...worse('p99', one, other),
    hosts,
  };
}

function worse(name: 'p50' | 'p99', one: SeriesSample, other: SeriesSample) {
  const known = [one[name], other[name]].filter((value) => value !== undefined);
  return known.length === 0 ? {} : { [name]: Math.max(...known) };
}
