import { execa } from 'execa';
import { Api } from './api.ts';
import { Autoscalers } from './autoscalers.ts';
import { Balancing } from './balancing.ts';
import type { Behaviour, Cloud } from './cloud.ts';
import { GcpFaults } from './faults.ts';
import { Groups } from './groups.ts';
import { Instances } from './instances.ts';
import { kindsOf } from './kinds.ts';
import { runLoops } from './loops.ts';
import type { Balancers, Machines } from './machines.ts';
import { Operations } from './operations.ts';
import { type GcpCall, startApiServer } from './server.ts';
import { type Entry, Store } from './store.ts';
import { QUICK, type Timings } from './timings.ts';
import { Usage } from './usage.ts';

const PROJECT = 'chainctl-lab';
/** What is counted: everything that can be left behind. */
const COUNTED = [
  ...['instances', 'disks', 'images', 'firewalls', 'instanceTemplates', 'healthChecks', 'instanceGroupManagers'],
  ...['autoscalers', 'addresses', 'backendServices', 'urlMaps', 'targetHttpProxies', 'forwardingRules'],
] as const;

/** A Compute Engine on this machine. */
export interface Gcp {
  readonly project: string;
  /** What chainctl and gcloud need to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Address of the API, without a path. */
  readonly url: string;
  /** Every call so far, oldest first. */
  readonly calls: readonly GcpCall[];
  readonly faults: GcpFaults;
  /** Stock-outs and quotas, for calls to come. */
  readonly behaviour: Behaviour;
  /** What the lab itself failed at. */
  readonly problems: string[];
  /** Runs gcloud, a client that shares nothing with chainctl, with JSON output: `gcp.gcloud('compute', 'instances', 'list')`. */
  gcloud(...args: string[]): Promise<unknown>;
  /**
   * How many objects there are, by collection; all zero after a teardown.
   *
   * @param prefix only those whose names begin with it
   */
  count(prefix?: string): Readonly<Record<(typeof COUNTED)[number], number>>;
  /** Resolves when no operation and no group is at work. */
  settled(): Promise<void>;
  /** Removes everything. */
  stop(): Promise<void>;
}

/**
 * Starts the API with its group managers, autoscalers and forwarding rules.
 *
 * @param machines what plays instances; closed with it
 * @param balancers what plays the load balancer; closed with it
 */
export async function startGcp(options: {
  readonly machines: Machines;
  readonly balancers: Balancers;
  readonly timings?: Partial<Timings>;
  /** Where gcloud keeps its state; one of its own when left out. */
  readonly gcloudConfig?: string;
}): Promise<Gcp> {
  const timings = { ...QUICK, ...options.timings };
  const operations = new Operations(PROJECT, timings);
  const behaviour: Behaviour = {
    stockOuts: new Set(),
    quotas: { CPUS: 72, E2_CPUS: 2, INSTANCES: 72, IN_USE_ADDRESSES: 8, STATIC_ADDRESSES: 8 },
  };
  const { machines, balancers } = options;
  const cloud: Cloud = {
    ...{ project: PROJECT, store: new Store(), operations, machines, balancers, timings, behaviour },
    problems: operations.problems,
  };
  const instances = new Instances(cloud);
  const groups: Groups = new Groups(cloud, instances, (group, instance) => balancing.drained(group, instance));
  const balancing = new Balancing(cloud, groups);
  const autoscalers = new Autoscalers(cloud, groups, new Usage(cloud, instances, balancing));
  const kinds = kindsOf({ cloud, instances, groups });
  const api = new Api(cloud, kinds, groups, { instances, groups, balancing });
  const faults = new GcpFaults();
  const server = await startApiServer((request) => api.handle(request), faults);
  const loops = runLoops(cloud, [
    [timings.groupMs, () => instances.look()],
    [timings.groupMs, () => groups.tick()],
    [timings.groupMs, () => balancing.tick()],
    [timings.autoscalerMs, () => autoscalers.tick()],
  ]);
  const env = environment(server.url, options.gcloudConfig);
  return {
    ...{ project: PROJECT, env, url: server.url, calls: server.calls, faults, behaviour, problems: cloud.problems },
    async gcloud(...args) {
      const result = await execa('gcloud', [...args, '--format=json', '--quiet'], { env, stdin: 'ignore' });
      // Some commands say a sentence first.
      const start = result.stdout.search(/^[[{]/m);
      return start < 0 ? undefined : JSON.parse(result.stdout.slice(start));
    },
    count(prefix = '') {
      const named = ({ body }: Entry) => String(body.name).startsWith(prefix);
      const counts = COUNTED.map((collection) => [collection, cloud.store.all(collection).filter(named).length]);
      return Object.fromEntries(counts) as Record<(typeof COUNTED)[number], number>;
    },
    async settled() {
      await operations.settled();
      await groups.settled();
    },
    async stop() {
      await server.close();
      await loops.stop();
      balancing.close();
      await balancers.close();
      await instances.close();
      await machines.close();
    },
  };
}

/** No configuration or credentials of the machine's user have a say. */
function environment(url: string, config: string | undefined): Record<string, string> {
  return {
    CHAINCTL_GCP_ENDPOINT_URL: url,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${url}/compute/v1/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: PROJECT,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
    ...(config === undefined ? {} : { CLOUDSDK_CONFIG: config }),
  };
}
