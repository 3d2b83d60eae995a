import type { Connection, Provider, Site } from '../stack/provider.ts';
import type { TargetModule } from '../stack/target-module.ts';
import type { FlagSet } from '../workloads/service-definition.ts';
import { awsFlags } from './aws/flags.ts';
import { gcpFlags } from './gcp/flags.ts';
import { groupFlags } from './gcp/group-flags.ts';
import { host } from './host/provider.ts';
import { local } from './local/provider.ts';

const aws = cloud('aws', 'AWS', awsFlags, async ({ paths, flags, operator }) => {
  const { awsModule } = await import('./aws/provider.ts');
  const { ec2Of } = await import('./aws/connect.ts');
  const { loadHostTemplates } = await import('../machine/templates.ts');
  return awsModule(paths, {
    clock: operator.clock,
    templates: () => loadHostTemplates(operator.templates, operator.bundles),
    ec2: () => ec2Of(flags, paths),
    token: async () => undefined,
  });
});
const gcp = cloud('gcp', 'GCP', gcpFlags, async ({ paths, flags, operator }) => {
  const { gcpModule } = await import('./gcp/provider.ts');
  const { computeOf } = await import('./gcp/connect.ts');
  return gcpModule(paths, {
    clock: operator.clock,
    compute: async () => (await computeOf(flags, paths)).compute,
  });
});

/** The places that a stack can be deployed to, in the order in which they are taken down. */
export const PROVIDERS: readonly Provider[] = [
  local,
  host,
  aws,
  {
    ...gcp,
    groupFlags,
    async connect(site) {
      return { ...(await gcp.connect(site)), group: async () => (await import('./gcp/open-group.ts')).openGroup(site) };
    },
  },
];

/** A cloud that is no provider yet: for everything but a deploy. */
function cloud(
  name: string,
  title: string,
  placeFlags: FlagSet,
  moduleOf: (site: Site) => Promise<TargetModule>,
): Provider {
  return {
    ...{ name, title, help: { summary: '', description: '', examples: [] }, placeFlags, deployFlags: {} },
    ...{ billed: true, neighbours: false, runs: () => false, chosen: () => [], ask: async () => undefined },
    hasTraces: async (site) => (await (await moduleOf(site)).hasTraces?.()) ?? false,
    async connect(site): Promise<Connection> {
      const { record, signal } = site;
      const module = await moduleOf(site);
      const { logs, forget, explain } = module;
      return {
        plan: () => Promise.reject(new Error('not yet')),
        target: (purpose, context) => module.open(record, context, purpose),
        status: () => module.status(record, signal),
        ...(logs === undefined
          ? {}
          : { logs: async (selection, kind, context) => logs(record, selection, kind, context) }),
        ...(forget === undefined ? {} : { forget }),
        ...(explain === undefined ? {} : { explain }),
        close: async () => {},
      };
    },
  };
}
