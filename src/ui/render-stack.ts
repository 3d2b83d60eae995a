import Table from 'cli-table3';
import type { DriftState, ResourceDrift } from '../services/stack/drift.ts';
import { stackOption } from '../services/stack/stack-option.ts';
import type { ReportedTarget } from '../services/stack/stack-status.ts';
import type { TargetStatus } from '../services/stack/target-status.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';
import type { HostDeployment } from '../services/targets/host/deploy.ts';
import type { LocalDeployment } from '../services/targets/local/deploy.ts';
import { nextCommands } from './format/text.ts';

/** What a deploy says when it is done. */
export function renderDeployment(deployment: LocalDeployment): string {
  const on = stackOption(deployment.stack);
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
  const on = stackOption(stack);
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

/**
 * What a teardown says when nothing is left.
 *
 * @param logs the stack's folder of logs, where there is one
 */
export function renderTeardown(
  reports: readonly TeardownReport[],
  logs: string | undefined,
  stillUp: readonly string[] = [],
): string {
  const several = reports.length > 1;
  const lines = reports.map(({ target, removed }) =>
    removed.length === 0
      ? `Nothing of ${target} was running.`
      : `Stopped and verified gone${several ? ` (${target})` : ''}: ${removed.join(', ')}.`,
  );
  const stopped = reports.some(({ removed }) => removed.length > 0);
  const rest = stillUp.map((target) => `Still up, and costing money where it is a cloud: ${target}.`);
  return [...lines, ...rest, ...(stopped && logs !== undefined ? [`Logs stay in ${logs}`] : [])].join('\n');
}

/** A table per target; readable at 80 columns and without colour. */
export function renderStatus(stack: string, targets: readonly ReportedTarget[]): string {
  if (targets.length === 0)
    return `Stack ${stack}: nothing is deployed.\nNext: chainctl deploy local${stackOption(stack)}`;
  const inClouds = (['aws', 'gcp'] as const).every((cloud) => targets.some(({ target }) => target === cloud));
  return targets.map((target) => renderTarget(stack, target, inClouds)).join('\n\n');
}

function renderTarget(stack: string, target: ReportedTarget, inClouds: boolean): string {
  const again = inClouds && (target.target === 'aws' || target.target === 'gcp') ? 'all' : target.target;
  const processes = target.resources.some(({ pid }) => pid !== undefined);
  const table = new Table({
    head: ['resource', 'state', ...(processes ? ['pid', 'address'] : ['id or address']), 'since (UTC)'],
    style: { head: [], border: [], compact: true },
  });
  // What stands in every name of a stack would take the place of what tells them apart.
  const prefix = `chainctl-${stack}-`;
  for (const { key, state, pid, id, address, since } of target.resources) {
    const own = id === `${prefix}${key}` ? undefined : id?.replace(prefix, '');
    const where = processes ? [pid ?? id ?? '-', address ?? '-'] : [address ?? own ?? ''];
    table.push([key, state, ...where, since?.slice(5, 19).replace('T', ' ') ?? '-']);
  }
  const reasons = target.resources.filter(({ reason }) => reason !== undefined);
  const { a, b } = target.endpoints;
  return [
    `Stack ${stack}, ${target.target}: ${verdict(target)}${target.simulated ? ' (simulated engine)' : ''}`,
    table.toString(),
    ...(target.resources.some(({ id }) => id?.startsWith(prefix)) ? [`Names begin with ${prefix}`] : []),
    ...reasons.map(({ key, reason }) => `  ${key}: ${reason}`),
    ...renderDrift(target.drift),
    ...(a === undefined ? [] : [`A  ${a}/chain`]),
    ...(b === undefined ? [] : [`B  ${b}/invoke`]),
    ...(target.auth === 'token' ? ["Prompts need the stack's token; smoke and load send it by themselves."] : []),
    ...(target.healthy
      ? []
      : nextCommands([
          `chainctl deploy ${again}${stackOption(stack)}   # goes on with what is missing`,
          `chainctl logs${stackOption(stack)}`,
        ])),
  ].join('\n');
}

const DRIFT: Readonly<Record<DriftState, string>> = {
  'in-sync': 'in sync',
  changed: 'changed',
  gone: 'gone',
  unseen: 'cannot be looked at',
  unrecorded: 'unrecorded',
  unfinished: 'unfinished',
};

function renderDrift(drift: readonly ResourceDrift[] | undefined): string[] {
  if (drift === undefined) return [];
  const off = drift.filter((each) => each.drift !== 'in-sync');
  if (off.length === 0) return [`Against its record: all ${drift.length} in sync`];
  const rest = drift.length - off.length;
  return [
    `Against its record: ${rest} of ${drift.length} in sync`,
    ...off.map(
      ({ key, drift: state, detail }) => `  ${key}: ${DRIFT[state]}${detail === undefined ? '' : `, ${detail}`}`,
    ),
  ];
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
