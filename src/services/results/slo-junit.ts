import imported, { type TestCase } from 'junit-report-builder';
import { unitOf } from '../load/offered.ts';
import { pointCount } from '../load/profiles/profiles.ts';
import type { Criterion } from '../load/stats/criterion.ts';
import { judgeSlo } from '../load/stats/objective.ts';
import { plural } from '../words.ts';
import { bottleneckLines } from './bottleneck.ts';
import { kneeLine, searchFault } from './knee-line.ts';
import type { ReportedRun } from './recorded.ts';
import { unfinishedText } from './sweep-sections.ts';
import { display } from './text.ts';
import { isSound, remarksOf, unproven } from './verdict.ts';

// Its types describe an ES module's default export; what Node imports is the builder itself.
const reports = imported as unknown as typeof imported.default;

/** Of a run without thresholds: a point of which not one answer was right is a failure, whatever was asked. */
const ANY_ANSWER: Criterion = { expression: 'ok>0%', metric: 'ok', operator: '>', bound: 0 };

/**
 * The thresholds of a run as JUnit XML: a suite per threshold, a case per point. A point that misses it is a failure, one
 * that was offered and decides nothing an error: neither passes. Points that were left out or not reached are skipped
 * cases with the reason. A run that did not end well, or proves less than was asked, has an error of its own.
 */
export function sloJunit({ report, manifest }: ReportedRun): string {
  const { plan, points } = report;
  // What nobody asked for need not be decided.
  const slos = report.slos ?? [{ ...judgeSlo(ANY_ANSWER, points), passed: true }];
  const builder = reports.newBuilder();
  const unit = plan.loop === 'closed' ? 'concurrent (closed loop)' : 'rps';
  const className = `load.${plan.tag}`;
  // The format's times carry no zone, and the builder would take that of the machine that reads the run.
  const startedAt = manifest.startedAt.replace(/(\.\d+)?Z$/, '');
  for (const { expression, passed, points: decided, undecided = [] } of slos) {
    const suite = builder.testSuite().name(`SLO ${expression}`).timestamp(startedAt);
    for (const [at, line] of bottleneckLines(points).entries()) suite.property(`where the time went ${at + 1}`, line);
    suite.property('run', plan.runId).property('target', plan.targetUrl).property('simulated', String(plan.simulated));
    for (const rate of plan.rates) {
      const point = points.find((each) => each.rate === rate);
      const verdict = decided.findLast((each) => each.rate === rate);
      const one = suite.testCase().className(className).name(`${expression} at ${rate} ${unit}`);
      one.time(point?.status === 'skipped' ? 0 : (point?.durationSeconds ?? 0));
      const observed = `observed: ${display(verdict?.observed ?? '')}`;
      const left = undecided.findLast((each) => each.rate === rate);
      if (verdict === undefined && left !== undefined && report.slos !== undefined) {
        one.error(`not decided: ${display(left.why)}`, 'slo-undecided');
      } else if (verdict === undefined)
        one.standardOutput(point === undefined ? 'not measured' : reasonOf(point, report)).skipped();
      else if (verdict.passed) one.standardOutput(observed);
      else one.failure(`${observed}, wanted: ${expression}`, 'slo-missed');
    }
    // A threshold that no point could decide must not look like one that was kept.
    if (!passed && decided.length + undecided.length === 0) {
      const none = suite.testCase().className(className).name(expression);
      none.error('not passed: no point decided it', 'slo-undecided');
    }
  }
  if (report.limit !== undefined) {
    const { objectives } = report.limit;
    const one = builder.testSuite().name('the highest rate').timestamp(startedAt).testCase().className(className);
    one.name(
      `highest ${plan.loop === 'closed' ? 'number of open requests' : 'rate'} at which ${objectives.map(display).join(', ')} hold`,
    );
    judgeSearch(one, report, 'slo');
  }
  if (report.searched !== undefined) {
    const one = builder.testSuite().name('the knee').timestamp(startedAt).testCase().className(className);
    judgeSearch(one.name('highest rate that is sustained'), report, 'knee');
  }
  const wrong = [...endings(report), ...unproven(report)];
  if (wrong.length > 0) {
    const one = builder.testSuite().name('the run').timestamp(startedAt).testCase().className(className);
    one.name('was measured whole').error(display(wrong.join(' ')), endingType(report));
  }
  // The command's exit code says so, too: what was reached before may look well.
  if (report.abortedBy !== undefined) {
    const one = builder.testSuite().name('--abort-on').timestamp(startedAt).testCase().className(className);
    one.name('no condition was met').failure(`aborted by ${display(report.abortedBy)}`, 'aborted');
  }
  return builder.build();
}

/** What a search came to, and whether that is evidence. */
function judgeSearch(one: TestCase, report: ReportedRun['report'], what: 'slo' | 'knee'): void {
  const said = display(kneeLine(report).join(' '));
  const fault = searchFault(report);
  if (fault === 'missed') one.failure(said, `${what}-missed`);
  else if (fault === 'undecided') one.error(said, `${what}-undecided`);
  else one.standardOutput(said);
}

/** That a run is not whole. One that a condition ended is, and has a failure for it. */
function endings(report: ReportedRun['report']): string[] {
  const { status, abortedBy, problem, plan, points } = report;
  if (problem !== undefined) return [`Ended early: ${problem}.`];
  if (status === 'complete' || abortedBy !== undefined) return [];
  const measured = points.filter((point) => point.status === 'complete').length;
  const end = status === 'interrupted' ? 'Interrupted' : unfinishedText(report);
  return [`${end}: ${plural(measured, 'point')} of ${pointCount(plan)} measured to the end.`];
}

/** What is wrong with a run as a whole, in a word for programs. */
function endingType({ problem, status }: ReportedRun['report']): string {
  if (problem !== undefined) return 'problem';
  return status === 'complete' || status === 'interrupted' ? 'not-measured' : status;
}

/** Why a point decided nothing. */
function reasonOf(
  point: ReportedRun['report']['points'][number],
  { limit, knee, plan }: ReportedRun['report'],
): string {
  if (limit !== undefined && knee !== undefined && isSound(point))
    return `offered on the way to ${knee.rate} ${unitOf(plan)}, the highest that held`;
  return isSound(point) ? 'not decided' : remarksOf(point).join('; ').replaceAll('! ', '');
}
