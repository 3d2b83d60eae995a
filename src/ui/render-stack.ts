import Table from 'cli-table3';
import { hanging, tableText } from '../services/results/plain-table.ts';
import type { Instance } from '../services/stack/provider.ts';
import { stackOption } from '../services/stack/stack-option.ts';
import type { ReportedTarget, ResourceDrift } from '../services/stack/stack-status.ts';
import type { TargetStatus } from '../services/stack/target-status.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import { entrancesOf } from '../services/workloads/entrances.ts';
import type { ServiceDefinition } from '../services/workloads/service-definition.ts';
import { nextCommands } from './format/text.ts';

interface AfterTeardown {
  readonly stack: string;
  /** The stack's folder of logs, where there is one. */
  readonly logs?: string | undefined;
  /** What is kept beside the logs: `conversations`, and where. */
  readonly kept?: readonly { readonly what: string; readonly path: string }[] | undefined;
  /** Places that the stack is still on. */
  readonly stillUp?: readonly { readonly name: string; readonly billed: boolean }[];
}

/** What a teardown says when nothing is left. */
export function renderTeardown(reports: readonly TeardownReport[], after: AfterTeardown): string {
  const { stack, logs, kept = [], stillUp = [] } = after;
  if (reports.length === 0) return `Stack ${stack}: nothing is deployed.`;
  const several = reports.length > 1;
  const lines = reports.map(({ target, removed }) =>
    removed.length === 0
      ? `Nothing of ${target} was running.`
      : `Stopped and verified gone${several ? ` (${target})` : ''}: ${removed.join(', ')}.`,
  );
  const stopped = reports.some(({ removed }) => removed.length > 0);
  const rest = stillUp.map(({ name, billed }) => `Still up${billed ? ', and costing money' : ''}: ${name}.`);
  return [
    ...lines,
    ...rest,
    ...(stopped && logs !== undefined ? [`Logs stay in ${logs}`] : []),
    ...kept.map(({ what, path }) => `The ${what} stay, and the next deploy shows them again: ${path}`),
    ...(kept.length === 0 ? [] : [`Delete them: chainctl teardown --delete-history --yes${stackOption(stack)}`]),
  ].join('\n');
}

type Addressed = readonly Pick<ServiceDefinition, 'name' | 'path'>[];

/** A table per target; readable at 80 columns and without colour. */
export function renderStatus(
  stack: string,
  targets: readonly ReportedTarget[],
  services: Addressed = SERVICES,
  tokenFile?: string,
): string {
  if (targets.length === 0)
    return `Stack ${stack}: nothing is deployed.\nNext: chainctl deploy local${stackOption(stack)}`;
  return targets.map((target) => renderTarget(stack, target, services, tokenFile)).join('\n\n');
}

function renderTarget(stack: string, status: ReportedTarget, services: Addressed, tokenFile?: string): string {
  const { target, resources, simulated, drift, endpoints, auth, healthy } = status;
  const processes = resources.some(({ pid }) => pid !== undefined);
  const table = new Table({
    head: ['resource', 'state', ...(processes ? ['pid', 'address'] : ['id or address']), 'since (UTC)'],
    style: { head: [], border: [], compact: true },
  });
  // What stands in every name of a stack would take the place of what tells them apart.
  const prefix = `chainctl-${stack}-`;
  for (const { key, state, pid, id, address, since } of resources) {
    const own = id === `${prefix}${key}` ? undefined : id?.replace(prefix, '');
    const where = processes ? [pid ?? id ?? '-', address ?? '-'] : [address ?? own ?? ''];
    table.push([key, state, ...where, since?.slice(5, 19).replace('T', ' ') ?? '-']);
  }
  const next = [
    `chainctl deploy ${target}${stackOption(stack)}   # goes on with what is missing`,
    `chainctl logs${stackOption(stack)}`,
  ];
  return [
    ...hanging(`Stack ${stack}, ${target}: ${verdict(status)}${simulated ? ' (simulated engine)' : ''}`, 80),
    table.toString(),
    ...(resources.some(({ id }) => id?.startsWith(prefix)) ? [`Names begin with ${prefix}`] : []),
    ...resources.flatMap(({ key, reason }) => (reason === undefined ? [] : [`  ${key}: ${reason}`])),
    ...renderDrift(drift),
    ...services.flatMap(({ name, path }) => {
      const url = endpoints[name];
      return url === undefined ? [] : [`${name.toUpperCase()}  ${url}${path}`];
    }),
    ...Object.entries(entrancesOf(endpoints)).map(([what, url]) => `${what}  ${url}`),
    ...(status.engine === undefined ? [] : [`engine  ${status.engine}`]),
    ...(status.pipeline === undefined ? [] : [`pipeline  ${status.pipeline}`]),
    ...(auth === 'token' ? ["Prompts need the stack's token; smoke and load send it by themselves."] : []),
    ...(auth === 'token' && tokenFile !== undefined ? [`token in  ${tokenFile}`] : []),
    ...(healthy ? [] : nextCommands(next)),
  ].join('\n');
}

function renderDrift(drift: readonly ResourceDrift[] | undefined): string[] {
  if (drift === undefined) return [];
  const off = drift.filter((each) => each.drift !== 'in-sync');
  if (off.length === 0) return [`Against its record: all ${drift.length} in sync`];
  return [
    `Against its record: ${drift.length - off.length} of ${drift.length} in sync`,
    ...off.map(({ key, drift: state, detail }) => {
      const found = state === 'unseen' ? 'cannot be inspected' : state;
      return `  ${key}: ${found}${detail === undefined ? '' : `, ${detail}`}`;
    }),
  ];
}

function verdict({ healthy, complete, since, resources }: TargetStatus): string {
  const sound = resources.filter(({ state }) => state === 'healthy').length;
  if (!complete) return `${sound} of ${resources.length} healthy so far, and the deploy was not finished`;
  if (!healthy) return `${sound} of ${resources.length} healthy`;
  return `healthy, deployed ${since?.slice(0, 19).replace('T', ' ')} UTC`;
}

/** The machines of a service, the newest first, as one chooses one of them. */
export function renderInstances(instances: readonly Instance[], service: string): string {
  if (instances.length === 0) return `There is no machine of ${service}.`;
  const own = [...new Set(instances.flatMap(({ details = {} }) => Object.keys(details)))];
  const head = ['name', ...own, 'status', 'address', 'made (UTC)'];
  const rows = instances.map(({ name, details = {}, state, address, since }) => [
    ...[name, ...own.map((column) => details[column] ?? '-'), state, address ?? '-', minute(since ?? '')],
  ]);
  return tableText({ head, rows, words: head });
}

/** A cloud gives the time of wherever its machines are. */
function minute(timestamp: string): string {
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? '-' : new Date(at).toISOString().slice(5, 16).replace('T', ' ');
}
