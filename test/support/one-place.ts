import { homedir, tmpdir } from 'node:os';
import { type Placement, runDeploy } from '../../src/services/deploy/run-deploy.ts';
import type { Operator } from '../../src/services/stack/operator.ts';
import type { StackPaths } from '../../src/services/stack/paths.ts';
import type { Connection, Provider } from '../../src/services/stack/provider.ts';
import type { StackDeps } from '../../src/services/stack/session.ts';
import type { Endpoints, ServiceDefinition } from '../../src/services/workloads/service-definition.ts';

interface PlaceAsked<Request> {
  readonly paths: StackPaths;
  readonly provider: Provider<Request>;
  readonly services: readonly ServiceDefinition[];
  readonly request: Request;
  readonly plan: Connection<Request>['plan'];
}

interface OnePlace<Request> extends PlaceAsked<Request> {
  readonly known: Endpoints;
  readonly dryRun: boolean;
}

/** What is asked of a place, with a plan of the test's own. */
export function placementAt<Request>(
  { paths, provider, services, request, plan }: PlaceAsked<Request>,
  deps: StackDeps,
): Placement {
  const connection = { plan, close: async () => {} } as unknown as Connection;
  const place = {
    provider: { ...provider, connect: async () => connection } as unknown as Provider,
    site: { paths, flags: {}, record: undefined, operator: anOperator(deps), signal: deps.signal },
  };
  return { place, services, request };
}

/** Deploys to one place as the commands do, with a plan of the test's own; answers as `--json` does. */
export async function deployAt<Request>(
  { known, dryRun, ...asked }: OnePlace<Request>,
  deps: StackDeps & { confirm?(): Promise<void> },
) {
  const [deployment] = await runDeploy(asked.paths, [placementAt(asked, deps)], { dryRun, known }, deps);
  if (deployment === undefined) throw new Error('nothing was deployed');
  const { details, ...others } = deployment;
  return { ...others, ...(details as { readonly location: string }) };
}

/** Nobody's machine: for what is tested by itself. */
export function anOperator(
  { clock, self }: Pick<StackDeps, 'clock' | 'self'>,
  changes: Partial<Operator> = {},
): Operator {
  const folder = tmpdir();
  return {
    ...{ clock, self, env: {}, home: folder, userHome: homedir(), templates: folder, bundles: folder },
    ...{ node: process.execPath, nodeVersion: process.version, descriptorLimit: undefined },
    listProcesses: async () => [],
    fetch: () => Promise.reject(new Error('no network')),
    ...changes,
  };
}
