import type { HostAccess } from '../../machine/access.ts';
import { type BootTemplates, cloudInit } from '../../machine/cloud-init.ts';
import { hostResource } from '../../machine/host-resource.ts';
import { loginKeys } from '../../machine/login-keys.ts';
import { serviceResource } from '../../machine/service-resource.ts';
import { serviceSpec } from '../../machine/service-spec.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import { formatPublicKey, parsePublicKey } from '../../machine/ssh-keys.ts';
import { type HostTemplates, templatesOf } from '../../machine/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { type Desired, desire, type Resource, type ResourceContext } from '../../stack/resource.ts';
import { readSecret, SSH_KEY } from '../../stack/secrets.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { onlyService } from '../../workloads/request.ts';
import { ADDRESS } from './address.ts';
import type { AwsResources, Material } from './desired.ts';
import { hashOf } from './instance.ts';
import { INSTANCE } from './instance-state.ts';
import { type AwsRequest, HOST_KEY } from './request.ts';

const SSH_PORT = 22;
/** The keys of what is on the VM. */
export const keysOf = (service: string) => ({ host: `host-${service}`, service: `service-${service}` });

export interface VmDeps {
  readonly paths: StackPaths;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  /** The stack's token; undefined for a chain that is open. */
  token(): Promise<string | undefined>;
  /** Resolves once what the service needs serves, where it comes up at the same time. */
  readonly answerable?: ((context: ResourceContext) => Promise<void>) | undefined;
}

/** What a deployed VM is reached with; undefined while it, or a key to it, does not exist. */
export async function vmAccess(
  paths: StackPaths,
  address: string | undefined,
  user: string,
): Promise<HostAccess | undefined> {
  if (address === undefined) return undefined;
  const [privateKey, publicKey] = await Promise.all([readSecret(paths, SSH_KEY), readSecret(paths, `${HOST_KEY}.pub`)]);
  const pinned = publicKey === undefined ? undefined : parsePublicKey(publicKey);
  if (privateKey === undefined || pinned === undefined) return undefined;
  return { address, port: SSH_PORT, user, privateKey, hostKey: formatPublicKey(pinned) };
}

/**
 * The VM as a machine (`host-NAME`) and the service on it (`service-NAME`). While looking, a VM that cannot be reached has
 * nothing on it yet; removing is the VM's own removal.
 */
export function onVm(
  resources: Pick<AwsResources, 'publicAddress' | 'whyGone'>,
  { elasticIp, sshUser, service: name }: Pick<AwsRequest, 'elasticIp' | 'sshUser'> & { readonly service: string },
  { paths, templates, sessions, token, answerable }: VmDeps,
) {
  const options = {
    stack: paths.name,
    sessions,
    boot: templates.boot,
    unreachable: 'absent',
    gone: (context: ResourceContext) => resources.whyGone(context),
    access: async (context: ResourceContext) => vmAccess(paths, await resources.publicAddress(context), sshUser),
  } as const;
  const below = elasticIp ? [INSTANCE, ADDRESS] : [INSTANCE];
  const definition = definitionOf(name);
  const service = { ...options, service: definition, templates: templatesOf(templates, definition), token, answerable };
  const keys = keysOf(name);
  return {
    host: goesWithTheVm(hostResource(keys.host, below, options)),
    service: goesWithTheVm(serviceResource(keys.service, [keys.host], service)),
  };
}

/** What is wanted on the VM. */
export function desiredOnVm(
  { host, service }: ReturnType<typeof onVm>,
  request: AwsRequest,
  { templates }: Pick<VmDeps, 'templates'>,
  token: string | undefined,
): Desired[] {
  const { links, ollamaImage } = request;
  const wanted = onlyService(request);
  const spec = serviceSpec({ ...wanted, links, ollamaImage, token }, templatesOf(templates, wanted.definition));
  return [desire(host, { docker: 'installed' }), desire(service, spec)];
}

function goesWithTheVm<Spec, Live>(resource: Resource<Spec, Live>): Resource<Spec, Live> {
  return { ...resource, remove: async () => {} };
}

export interface MaterialOptions {
  readonly paths: StackPaths;
  readonly boot: BootTemplates;
  /** Dead man's switch, seconds after the first boot. */
  readonly ttlSeconds?: number | undefined;
}

/**
 * The keys of a stack and what its VM boots with. They are on disk before anything is made with them.
 *
 * @param make false looks only
 * @returns undefined where there are no keys yet, and none shall be made
 */
export async function vmMaterial(
  { paths, boot, ttlSeconds }: MaterialOptions,
  make: boolean,
): Promise<Material | undefined> {
  const keys = await loginKeys(paths, HOST_KEY, make);
  if (keys === undefined) return undefined;
  const { operator, host: hostKey } = keys;
  const ttlMinutes = ttlSeconds === undefined ? undefined : Math.ceil(ttlSeconds / 60);
  return {
    publicKey: operator.publicKey,
    userData: cloudInit({ templates: boot, hostKey, authorizedKey: operator.publicKey, ttlMinutes }),
    // Not of the text: a newer chainctl with another boot script is no reason to replace a VM that runs.
    bootHash: hashOf(JSON.stringify([operator.publicKey, hostKey.publicKey, ttlMinutes ?? 0])),
  };
}
