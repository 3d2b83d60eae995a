/**
 * The file of each client, loaded when it is first needed. Of the library, which is far larger, the build takes into
 * dist/ what these need: see .tools/bundle-google.mjs.
 */
const CLIENTS = {
  addresses: () => import('@google-cloud/compute/build/src/v1/global_addresses_client.js'),
  autoscalers: () => import('@google-cloud/compute/build/src/v1/autoscalers_client.js'),
  backendServices: () => import('@google-cloud/compute/build/src/v1/backend_services_client.js'),
  firewalls: () => import('@google-cloud/compute/build/src/v1/firewalls_client.js'),
  forwardingRules: () => import('@google-cloud/compute/build/src/v1/global_forwarding_rules_client.js'),
  globalOperations: () => import('@google-cloud/compute/build/src/v1/global_operations_client.js'),
  healthChecks: () => import('@google-cloud/compute/build/src/v1/health_checks_client.js'),
  images: () => import('@google-cloud/compute/build/src/v1/images_client.js'),
  instanceGroupManagers: () => import('@google-cloud/compute/build/src/v1/instance_group_managers_client.js'),
  instanceGroups: () => import('@google-cloud/compute/build/src/v1/instance_groups_client.js'),
  instances: () => import('@google-cloud/compute/build/src/v1/instances_client.js'),
  instanceTemplates: () => import('@google-cloud/compute/build/src/v1/instance_templates_client.js'),
  machineTypes: () => import('@google-cloud/compute/build/src/v1/machine_types_client.js'),
  projects: () => import('@google-cloud/compute/build/src/v1/projects_client.js'),
  regionAutoscalers: () => import('@google-cloud/compute/build/src/v1/region_autoscalers_client.js'),
  regionInstanceGroupManagers: () =>
    import('@google-cloud/compute/build/src/v1/region_instance_group_managers_client.js'),
  regionInstanceGroups: () => import('@google-cloud/compute/build/src/v1/region_instance_groups_client.js'),
  regionOperations: () => import('@google-cloud/compute/build/src/v1/region_operations_client.js'),
  regions: () => import('@google-cloud/compute/build/src/v1/regions_client.js'),
  routers: () => import('@google-cloud/compute/build/src/v1/routers_client.js'),
  targetHttpProxies: () => import('@google-cloud/compute/build/src/v1/target_http_proxies_client.js'),
  urlMaps: () => import('@google-cloud/compute/build/src/v1/url_maps_client.js'),
  zoneOperations: () => import('@google-cloud/compute/build/src/v1/zone_operations_client.js'),
  zones: () => import('@google-cloud/compute/build/src/v1/zones_client.js'),
};

/** What the API calls a kind of thing. `addresses` and `forwardingRules` are the global ones. */
export type Collection = keyof typeof CLIENTS;
type Exports<Of extends Collection> = Awaited<ReturnType<(typeof CLIENTS)[Of]>>;
type ClassName<Of extends Collection> = Extract<keyof Exports<Of>, `${string}Client`>;
type ClientClass = new (options: object) => object;
/** The generated client of a collection: its calls, with their types. */
export type ClientOf<Of extends Collection> = Exports<Of>[ClassName<Of>] extends new (
  ...args: never
) => infer Client
  ? Client
  : never;

/** A client whose calls are known by name alone. */
export type Client = Readonly<Record<string, (request: object, options: object) => unknown>>;

/**
 * Opens one client of the library, which is loaded here and nowhere else.
 *
 * @param options of all clients: endpoint, credentials
 */
export async function openClient(collection: Collection, options: object): Promise<Client> {
  const loaded = Object.values<unknown>(await CLIENTS[collection]());
  const Opened = loaded.find((value): value is ClientClass => typeof value === 'function');
  if (Opened === undefined) throw new Error(`@google-cloud/compute has no client of ${collection}`);
  const client = new Opened(options) as Client & { initialize(): Promise<unknown> };
  await client.initialize();
  return client;
}

/** What finds credentials. */
export const openAuth = () => import('google-auth-library');
