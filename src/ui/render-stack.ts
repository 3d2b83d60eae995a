import Table from 'cli-table3';
import type { HostDeployment } from '../services/host/deploy.ts';
import type { LocalDeployment } from '../services/local/deploy.ts';
import type { TargetStatus } from '../services/local/status.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';

/** What a deploy says when it is done. */
export function renderDeployment(deployment: LocalDeployment): string {
  const on = stackFlag(deployment.stack);
  const changed = deployment.changes.filter(({ action }) => action !== 'unchanged').length;
  if (!deployment.applied) {
    return `Stack ${deployment.stack}: ${changed === 0 ? 'nothing would change' : `${count(changed, 'change')} planned, none made`} (dry run).`;
  }
  return [
    `Stack ${deployment.stack} is up on this machine${deployment.simulated ? ' with a simulated engine' : ''}${changed === 0 ? '; nothing had to change' : ''}.`,
    `  A (chain)   ${deployment.endpoints.a}/chain`,
    `  B (invoke)  ${deployment.endpoints.b}/invoke`,
    `  logs        ${deployment.logs}`,
    `Next: chainctl smoke${on}, chainctl load --rps 1,5,10${on}, chainctl teardown${on}`,
  ].join('\n');
}

/** What a deploy to a machine says when it is done. */
export function renderHostDeployment(deployment: HostDeployment): string {
  const { stack, service, machine, hostKey, applied, endpoints } = deployment;
  const on = stackFlag(stack);
  const changed = deployment.changes.filter(({ action }) => action !== 'unchanged').length;
  if (!applied) {
    return `Stack ${stack}: ${changed === 0 ? 'nothing would change' : `${count(changed, 'change')} planned, none made`} (dry run).`;
  }
  return [
    `Service ${service.toUpperCase()} of stack ${stack} is up on ${machine}${changed === 0 ? '; nothing had to change' : ''}.`,
    ...(endpoints.a === undefined ? [] : [`  A (chain)   ${endpoints.a}/chain`]),
    ...(endpoints.b === undefined ? [] : [`  B (invoke)  ${endpoints.b}/invoke`]),
    `  host key    ${hostKey} (pinned)`,
    `Next: chainctl smoke${on}, chainctl load --rps 1,5,10${on}, chainctl teardown host${on}`,
  ].join('\n');
}

/** What a pasted command needs to mean the same stack. */
function stackFlag(stack: string): string {
  return stack === 'default' ? '' : ` --stack ${stack}`;
}

/** What a teardown says when nothing is left. */
export function renderTeardown(report: TeardownReport, logs: string): string {
  if (report.removed.length === 0) return `Nothing of ${report.target} was running.`;
  return `Stopped and verified gone: ${report.removed.join(', ')}.\nLogs stay in ${logs}`;
}

/** A table per target; readable at 80 columns and without colour. */
export function renderStatus(stack: string, targets: readonly TargetStatus[]): string {
  if (targets.length === 0)
    return `Stack ${stack}: nothing is deployed.\nNext: chainctl deploy local${stackFlag(stack)}`;
  return targets.map((target) => renderTarget(stack, target)).join('\n\n');
}

function renderTarget(stack: string, target: TargetStatus): string {
  const table = new Table({
    head: ['resource', 'state', 'pid', 'address', 'since (UTC)'],
    style: { head: [], border: [], compact: true },
  });
  for (const { key, state, pid, address, since } of target.resources) {
    table.push([key, state, pid ?? '-', address ?? '-', since?.slice(0, 19).replace('T', ' ') ?? '-']);
  }
  const reasons = target.resources.filter(({ reason }) => reason !== undefined);
  const { a, b } = target.endpoints;
  return [
    `Stack ${stack}, ${target.target}: ${verdict(target)}${target.simulated ? ' (simulated engine)' : ''}`,
    table.toString(),
    ...reasons.map(({ key, reason }) => `  ${key}: ${reason}`),
    ...(a === undefined ? [] : [`A  ${a}/chain`]),
    ...(b === undefined ? [] : [`B  ${b}/invoke`]),
    ...(target.healthy
      ? []
      : [
          `Next: chainctl deploy local${stackFlag(stack)} (continues with what is missing), or chainctl logs${stackFlag(stack)}`,
        ]),
  ].join('\n');
}

function verdict({ healthy, complete, since, resources }: TargetStatus): string {
  const sound = resources.filter(({ state }) => state === 'healthy').length;
  if (!complete) return `${sound} of ${resources.length} healthy so far, and the deploy was not finished`;
  if (!healthy) return `${sound} of ${resources.length} healthy`;
  return `healthy, deployed ${since?.slice(0, 19).replace('T', ' ')} UTC`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
