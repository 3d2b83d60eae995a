import { profileOf } from '../load/profiles/profiles.ts';
import { isSustained } from '../load/stats/knee.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import { bottleneckLines } from './bottleneck.ts';
import { countingOf } from './counting-points.ts';
import { kneeLine, sloLines } from './verdict.ts';

/** What a run comes to, in sentences: the knee and how to find one, where the time went, the thresholds. */
export function conclusionLines(report: SweepReport): string[] {
  return [...kneeLine(report), ...lowerLine(report), ...bottleneckLines(report.points), ...sloLines(report)];
}

/** The lowest rate was more than the target serves already: what may be less. */
function lowerLine(report: SweepReport): string[] {
  const { knee, plan } = report;
  const [lowest] = countingOf(report).toSorted((a, b) => a.rate - b.rate);
  if (knee !== undefined || !profileOf(plan).hasKnee || lowest === undefined) return [];
  if (isSustained(lowest) !== false || !isTooMuch(lowest)) return [];
  const { rate, servedRps } = lowest;
  const low = Number((servedRps > 0 ? Math.min(servedRps, rate) / 2 : rate / 10).toPrecision(1));
  return [`The lowest rate was too high already: --rps ${low},${rate} --find-knee searches below it.`];
}

/** Slower ones would have helped: a target that refuses everything is not overloaded. */
function isTooMuch({ state, sent, outcomes }: PointSummary): boolean {
  return state?.state === 'overloaded' || outcomes.timeout + outcomes.incomplete > sent / 2;
}
