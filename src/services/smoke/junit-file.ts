import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import imported from 'junit-report-builder';
import { hasCode, type RemedyError, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { writeDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import type { SmokeReport } from './types.ts';

/**
 * Makes sure, before minutes of checks, that a report can be written: creates the folder and looks at the rights.
 *
 * @throws RemedyError `report-not-writable` (exit 3)
 */
export async function prepareReportFile(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
    const there = await stat(path).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    if (there?.isDirectory() === true) throw new Error('it is a folder');
    if (there !== undefined) await access(path, constants.W_OK);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/**
 * Writes a report whole or not at all.
 *
 * @throws RemedyError `report-not-writable` (exit 3)
 */
export async function writeReportFile(path: string, text: string): Promise<void> {
  await writeDurably(path, text).catch((error: unknown) => {
    throw notWritable(path, error);
  });
}

function notWritable(path: string, cause: unknown): RemedyError {
  const { why, next } = writeFault(path, cause);
  return remedy.configuration(
    'report-not-writable',
    `cannot write the report ${path}: ${why}`,
    [...next, 'name a file in a folder that you may write to, for example below reports/'],
    cause,
  );
}

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

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
