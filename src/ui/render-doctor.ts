import type { DoctorCheck } from '../services/doctor/check.ts';
import { besideLead } from './format/entry.ts';
import { MARKS } from './format/text.ts';

/** A row per check, and what to do about those that are not fine; steps stay whole, to be pasted. */
export function renderDoctor(checks: readonly DoctorCheck[], columns: number): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const failed = checks.filter(({ status }) => status === 'failed').length;
  return [
    ...checks.flatMap(({ name, status, detail, nextSteps }) => [
      ...besideLead(`${MARKS[status === 'ok' ? 'done' : status].sign} ${name.padEnd(width)}  `, detail, columns),
      ...(status === 'ok' ? [] : nextSteps.map((step) => `${' '.repeat(width + 4)}-> ${step}`)),
    ]),
    '',
    failed === 0 ? 'Ready.' : `${failed} of ${checks.length} checks failed.`,
  ].join('\n');
}
