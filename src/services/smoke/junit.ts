import imported from 'junit-report-builder';
import type { SmokeReport } from './types.ts';

// Its types describe an ES module's default export; what Node imports is the builder itself.
const reports = imported as unknown as typeof imported.default;

/**
 * A smoke report as JUnit XML, which every CI shows: one suite, one case per check.
 *
 * @param at wall clock, milliseconds since the epoch
 */
export function junitOf(report: SmokeReport, at: number): string {
  const builder = reports.newBuilder();
  const suite = builder.testSuite().name('chainctl smoke').timestamp(new Date(at));
  suite.time(milliseconds(report.checks.reduce((sum, check) => sum + check.seconds, 0)));
  suite.property('target', report.target);
  suite.property('simulated', String(report.simulated));
  if (report.bUrl !== undefined) suite.property('b-url', report.bUrl);
  for (const [host, count] of Object.entries(report.hosts)) suite.property(`host ${host}`, String(count));
  for (const check of report.checks) {
    const one = suite.testCase().className(`smoke.${check.id}`).name(check.name).time(milliseconds(check.seconds));
    const text = `expected: ${check.expected}\ncame: ${check.actual}${check.remedy === undefined ? '' : `\ndo: ${check.remedy}`}`;
    if (check.status === 'failed') one.failure(check.actual, 'check-failed').stacktrace(text);
    else one.standardOutput(text);
    if (check.status === 'skipped') one.skipped();
  }
  return builder.build();
}

/** Seconds, to the millisecond. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
