import { defined } from '../defined.ts';
import type { RunManifest } from '../load/record/read-run.ts';
import type { PointSummary, SweepPlan, SweepReport } from '../load/types.ts';
import { countingPoints } from './counting-points.ts';
import { diffMeasures, type MeasureDiff, type Verdict } from './diff-measures.ts';
import { diffWorkloads, type WorkloadDiff, workloadReason } from './diff-workload.ts';
import { isSound, verdictOf } from './verdict.ts';

/** A run as it is compared. */
export interface ComparedRun {
  readonly report: SweepReport;
  /** Has the settings of the run. */
  readonly manifest: Pick<RunManifest, 'settings' | 'settingsVersion'> & { readonly proxy?: unknown };
}

interface PointDiff {
  readonly rate: number;
  /** `worse` when any measure is worse: a gain elsewhere does not make up for it. */
  readonly verdict: Verdict | 'not comparable';
  /** Of a point that is not comparable. */
  readonly reason?: string;
  /** Empty when not comparable. */
  readonly measures: readonly MeasureDiff[];
}

export interface RunDiff {
  readonly a: RunName;
  readonly b: RunName;
  /** Differences below this share of A's value are not told apart from none. */
  readonly tolerance: number;
  /** What was asked of the targets, and is not the same. */
  readonly workload: WorkloadDiff;
  /** Why no rate of them can be compared. */
  readonly reason?: string;
  readonly points: readonly PointDiff[];
  /** Compared rates that a run offered more than once: the last point of each counts. */
  readonly again: readonly number[];
  /** Rates that only one of the runs offered. */
  readonly onlyA: readonly number[];
  readonly onlyB: readonly number[];
}

export interface RunName
  extends Pick<SweepPlan, 'runId' | 'tag' | 'targetUrl' | 'simulated' | 'sharedPrefixTokens' | 'loop'> {
  /** Of a run that is not complete. */
  readonly status?: SweepReport['status'];
}

export interface DiffOptions {
  /** Share of A's value, 0.02 is 2 %. */
  readonly tolerance: number;
  /** Compare although the addresses differ: the same service after a new deployment. */
  readonly anyTarget: boolean;
  /** Compare although other things were asked of them. */
  readonly anyWorkload: boolean;
}

/**
 * Compares two runs per common rate. A difference counts when its 95 % interval leaves out zero, and when it is larger
 * than the tolerance: with many requests, differences show that nobody would notice. Of a rate that a run offered more
 * than once, the point that counts is compared (see {@link countingPoints}). Runs of which other things were asked (prompts,
 * lengths, arrivals, connections, ...) are not comparable, unless it is wanted.
 */
export function diffRuns(
  { report: a, manifest: manifestOfA }: ComparedRun,
  { report: b, manifest: manifestOfB }: ComparedRun,
  options: DiffOptions,
): RunDiff {
  const [ofA, ofB] = [countingPoints(a.points), countingPoints(b.points)];
  const inA = new Set(ofA.map(({ rate }) => rate));
  const inB = new Map(ofB.map((point) => [point.rate, point]));
  const again = new Set([...repeated(a.points), ...repeated(b.points)]);
  const workload = diffWorkloads({ ...manifestOfA, plan: a.plan }, { ...manifestOfB, plan: b.plan });
  const whole =
    runsDiffer(a.plan, b.plan, options) ??
    (options.anyTarget ? undefined : otherWay(manifestOfA.proxy, manifestOfB.proxy)) ??
    (options.anyWorkload ? undefined : workloadReason(workload));
  return defined({
    a: nameOf(a),
    b: nameOf(b),
    tolerance: options.tolerance,
    workload,
    reason: whole,
    points: ofA.flatMap((point) => {
      const other = inB.get(point.rate);
      return other === undefined ? [] : [diffPoints(point, other, whole, options.tolerance)];
    }),
    again: [...again].filter((rate) => inA.has(rate) && inB.has(rate)),
    onlyA: [...inA].filter((rate) => !inB.has(rate)),
    onlyB: [...inB.keys()].filter((rate) => !inA.has(rate)),
  });
}

function repeated(points: readonly PointSummary[]): number[] {
  const rates = points.map(({ rate }) => rate);
  return rates.filter((rate, index) => rates.indexOf(rate) < index);
}

function nameOf({
  plan: { runId, tag, targetUrl, simulated, sharedPrefixTokens, loop },
  status,
}: SweepReport): RunName {
  const partly = status === 'complete' ? undefined : status;
  return defined({ runId, tag, targetUrl, simulated, sharedPrefixTokens, loop, status: partly });
}

/** Why no point of these runs can be compared. */
function runsDiffer(a: SweepPlan, b: SweepPlan, { anyTarget }: DiffOptions): string | undefined {
  if (a.loop !== b.loop)
    return `only ${a.loop === 'closed' ? 'A' : 'B'} was a closed loop: its times lack the wait that an open one shows`;
  if (a.simulated !== b.simulated) return `only ${a.simulated ? 'A' : 'B'} was simulated`;
  if (a.targetUrl !== b.targetUrl && !anyTarget) return `other target: ${a.targetUrl} and ${b.targetUrl}`;
  if (a.durationSeconds !== b.durationSeconds)
    return `other duration: ${a.durationSeconds} s and ${b.durationSeconds} s`;
  if (a.timeoutSeconds !== b.timeoutSeconds) return `other timeout: ${a.timeoutSeconds} s and ${b.timeoutSeconds} s`;
  // What else decides how long a point is.
  if (a.requests !== b.requests)
    return `other number of requests: ${a.requests ?? 'no bound'} and ${b.requests ?? 'no bound'}`;
  const [one, other] = [certainText(a), certainText(b)];
  if (one !== other) return `other --until-certain: ${one} and ${other}`;
  return undefined;
}

function certainText({ untilCertain: until }: SweepPlan): string {
  if (until === undefined) return '(none)';
  return `${until.metric}:${Number((100 * until.width).toFixed(2))}% within ${until.maxDurationSeconds} s`;
}

function otherWay(a: unknown, b: unknown): string | undefined {
  return a === b ? undefined : `other way to the target: through the proxy ${a ?? '(none)'} and ${b ?? '(none)'}`;
}

function diffPoints(a: PointSummary, b: PointSummary, whole: string | undefined, tolerance: number): PointDiff {
  const { rate } = a;
  const reason = whole ?? unsound('A', a) ?? unsound('B', b);
  if (reason !== undefined) return { rate, verdict: 'not comparable', reason, measures: [] };
  const measures = diffMeasures(a, b, tolerance);
  const has = (wanted: Verdict) => measures.some(({ verdict }) => verdict === wanted);
  return { rate, verdict: has('worse') ? 'worse' : has('better') ? 'better' : 'no difference shown', measures };
}

function unsound(run: string, point: PointSummary): string | undefined {
  if (isSound(point)) return undefined;
  const why = point.status === 'complete' ? (point.contaminated ?? point.validity) : '';
  const word = verdictOf(point);
  return `${word} in ${run}${why === '' ? '' : `: ${why.replace(`${word}: `, '')}`}`;
}
