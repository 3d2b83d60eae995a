import type { Deployment } from '../services/deploy/run-deploy.ts';
import { stackOption } from '../services/stack/stack-option.ts';
import { entrancesOf } from '../services/workloads/entrances.ts';
import { nextCommands, plural } from './format/text.ts';

/** Least width of the first column: addresses stand below one another. */
const LABEL_WIDTH = 10;

type Row = readonly [label: string, text: string];

/**
 * A deploy for `--json`.
 *
 * @param name what several places together are called
 */
export function deployResult(deployments: readonly Deployment[], name?: string): unknown {
  const results = deployments.map((each) => {
    const { stack, target, details, changes, applied, expiresAt, simulated, endpoints, tokenFile } = each;
    return {
      stack,
      target,
      ...details,
      simulated,
      changes,
      applied,
      expiresAt,
      endpoints,
      entrances: entrancesOf(endpoints),
      ...(tokenFile === undefined ? {} : { tokenFile }),
    };
  });
  if (name === undefined) return results[0];
  const own = deployments.flatMap(({ services, endpoints }) =>
    services.map((each) => [each.name, endpoints[each.name]]),
  );
  return {
    stack: deployments[0]?.stack,
    target: name,
    ...Object.fromEntries(results.map((result) => [result.target, result])),
    applied: deployments.every(({ applied }) => applied),
    endpoints: Object.fromEntries(own),
  };
}

/**
 * What a deploy says when it is done: where the stack is, where its services answer, what goes on costing money, and what
 * comes next.
 */
export function renderDeploy(deployments: readonly Deployment[], name?: string): string {
  const { stack = '', target = '' } = deployments[0] ?? {};
  const on = stackOption(stack);
  const changed = deployments.flatMap(({ changes }) => changes).filter(({ action }) => action !== 'unchanged').length;
  const where = deployments.map((each) => each.where).join(' and ');
  if (!deployments.every(({ applied }) => applied)) {
    const planned = changed === 0 ? 'nothing would change' : `${plural(changed, 'change')} planned, none made`;
    return `Stack ${stack} ${where}: ${planned} (dry run).`;
  }
  const simulated = deployments.some((each) => each.simulated === true) ? ' with a simulated engine' : '';
  const teardown = `chainctl teardown ${name ?? target}${on}`;
  const endpoints = deployments.flatMap(({ services, endpoints: urls }) =>
    services.flatMap(({ name: service, path }): Row[] => {
      const url = urls[service];
      return url === undefined ? [] : [[`${service.toUpperCase()} (${path.slice(1)})`, `${url}${path}`]];
    }),
  );
  const entrances = deployments.flatMap((each) => Object.entries(entrancesOf(each.endpoints)));
  const tokens = deployments.flatMap(({ tokenFile }): Row[] =>
    tokenFile === undefined ? [] : [['token in', tokenFile]],
  );
  const shown = new Map<string, string>([...endpoints.sort(), ...entrances, ...tokens.slice(0, 1)]);
  const rows = [...shown, ...deployments.flatMap(({ facts = {} }): Row[] => Object.entries(facts))];
  const width = Math.max(LABEL_WIDTH, ...rows.map(([label]) => label.length));
  return [
    `Stack ${stack} is up ${where}${simulated}${changed === 0 ? '; nothing had to change' : ''}.`,
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
    ...new Set(deployments.flatMap((each) => costLine(each, teardown))),
    ...nextCommands([`chainctl smoke${on}`, `chainctl load --rps 1,2,5${on}`, teardown]),
  ].join('\n');
}

function costLine({ billed, expiresAt }: Deployment, teardown: string): string[] {
  if (!billed) return [];
  if (expiresAt === undefined) return [`  It costs money until "${teardown}".`];
  return [`  The VM deletes itself at ${expiresAt}; the rest stays, and costs, until "${teardown}".`];
}
