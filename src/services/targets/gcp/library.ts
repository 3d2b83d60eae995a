import type { Collection } from './compute-calls.ts';
import { leanDefinitions } from './definitions.ts';

/** What all generated clients have in common, as far as it is used here. */
export interface Client {
  initialize(): Promise<unknown>;
}

/** File and class of each client: one file each costs a third of loading the package as a whole. */
const CLIENTS: Readonly<Record<Collection, readonly [file: string, name: string]>> = {
  addresses: ['global_addresses', 'GlobalAddresses'],
  autoscalers: ['autoscalers', 'Autoscalers'],
  backendServices: ['backend_services', 'BackendServices'],
  firewalls: ['firewalls', 'Firewalls'],
  forwardingRules: ['global_forwarding_rules', 'GlobalForwardingRules'],
  globalOperations: ['global_operations', 'GlobalOperations'],
  healthChecks: ['health_checks', 'HealthChecks'],
  images: ['images', 'Images'],
  instanceGroupManagers: ['instance_group_managers', 'InstanceGroupManagers'],
  instanceGroups: ['instance_groups', 'InstanceGroups'],
  instances: ['instances', 'Instances'],
  instanceTemplates: ['instance_templates', 'InstanceTemplates'],
  machineTypes: ['machine_types', 'MachineTypes'],
  projects: ['projects', 'Projects'],
  regionAutoscalers: ['region_autoscalers', 'RegionAutoscalers'],
  regionInstanceGroupManagers: ['region_instance_group_managers', 'RegionInstanceGroupManagers'],
  regionInstanceGroups: ['region_instance_groups', 'RegionInstanceGroups'],
  regionOperations: ['region_operations', 'RegionOperations'],
  regions: ['regions', 'Regions'],
  routers: ['routers', 'Routers'],
  targetHttpProxies: ['target_http_proxies', 'TargetHttpProxies'],
  urlMaps: ['url_maps', 'UrlMaps'],
  zoneOperations: ['zone_operations', 'ZoneOperations'],
  zones: ['zones', 'Zones'],
};

/** What the definitions of the client library are read for. */
export const SERVICES: readonly string[] = Object.values(CLIENTS).map(([, name]) => name);

type ClientClass = new (options: object, gax: unknown) => Client;

/**
 * Opens one client of the library, which is loaded here and nowhere else, file by file when one is first needed.
 *
 * @param options of all clients: endpoint, credentials
 */
export async function openClient(collection: Collection, options: object): Promise<Client> {
  const [file, name] = CLIENTS[collection];
  leanDefinitions(SERVICES);
  const loaded: Record<string, ClientClass> = await import(`@google-cloud/compute/build/src/v1/${file}_client.js`);
  const Opened = loaded[`${name}Client`];
  if (Opened === undefined) throw new Error(`@google-cloud/compute has no ${name}Client`);
  const client = new Opened(options, await gaxOfAll());
  await client.initialize();
  return client;
}

let shared: Promise<unknown> | undefined;

/**
 * The library beneath the clients, with one change: each client hands it the same definitions, and it writes them out
 * and hashes them each time to find that it has read them, a sixth of the time before a command's first call.
 */
function gaxOfAll(): Promise<unknown> {
  shared ??= import('google-gax').then(({ default: gax }) => {
    let known: { readonly json: object; readonly root: ReturnType<typeof gax.fallback.GrpcClient.protobufFromJSON> };
    class GrpcClient extends gax.fallback.GrpcClient {
      override loadProtoJSON(json: object) {
        if (known?.json !== json) known = { json, root: this.loadProto(json) };
        return known.root;
      }
    }
    return { ...gax, fallback: { ...gax.fallback, GrpcClient } };
  });
  return shared;
}
