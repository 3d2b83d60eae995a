import type { DoctorCheck } from '../services/doctor/check.ts';
import { stackOption } from '../services/stack/stack-option.ts';
import type { AwsDeployment } from '../services/targets/aws/deploy.ts';
import { besideLead } from './format/entry.ts';
import { nextCommands } from './format/text.ts';

const MARK = { ok: '✓', warning: '!', failed: '✗', skipped: '•' } as const;

/** What a deploy on AWS says when it is done. */
export function renderAwsDeployment(deployment: AwsDeployment): string {
  const on = stackOption(deployment.stack);
  const changed = deployment.changes.filter(({ action }) => action !== 'unchanged').length;
  if (!deployment.applied) {
    const what = changed === 0 ? 'nothing would change' : `${changed} planned, none made`;
    return `Stack ${deployment.stack} in ${deployment.region}: ${what} (dry run).`;
  }
  const { a, b } = deployment.endpoints;
  return [
    `Stack ${deployment.stack} is up in ${deployment.region}${changed === 0 ? '; nothing had to change' : ''}.`,
    ...(a === undefined ? [] : [`  A (chain)   ${a}/chain`]),
    `  B (invoke)  ${b}/invoke`,
    ...(deployment.expiresAt === undefined
      ? ['  It costs money until "chainctl teardown aws".']
      : [`  The VM ends itself at ${deployment.expiresAt}; what else there is stays until "chainctl teardown aws".`]),
    ...nextCommands([`chainctl smoke${on}`, `chainctl load --rps 1,2,5${on}`, `chainctl teardown aws${on}`]),
  ].join('\n');
}

/** A row per check, and what to do about those that are not fine; steps stay whole, to be pasted. */
export function renderDoctor(checks: readonly DoctorCheck[], columns: number): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const failed = checks.filter(({ status }) => status === 'failed').length;
  return [
    ...checks.flatMap(({ name, status, detail, nextSteps }) => [
      ...besideLead(`${MARK[status]} ${name.padEnd(width)}  `, detail, columns),
      ...(status === 'ok' ? [] : nextSteps.map((step) => `${' '.repeat(width + 4)}-> ${step}`)),
    ]),
    '',
    failed === 0 ? 'Ready.' : `${failed} of ${checks.length} checks failed.`,
  ].join('\n');
}
