import type { HostAccess } from '../../machine/access.ts';
import { type BootTemplates, cloudInit } from '../../machine/cloud-init.ts';
import { hostResource } from '../../machine/host-resource.ts';
import { loginKeys } from '../../machine/login-keys.ts';
import { type ServiceOptions, serviceResource } from '../../machine/service-resource.ts';
import { serviceSpec } from '../../machine/service-spec.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import { formatPublicKey, parsePublicKey } from '../../machine/ssh-keys.ts';
import { type HostTemplates, shortHash, templatesOf } from '../../machine/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { type Desired, desire, type Resource } from '../../stack/resource.ts';
import { readSecret, SSH_KEY, stackToken } from '../../stack/secrets.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { onlyService } from '../../workloads/request.ts';
import { ADDRESS } from './address.ts';
import { type AwsResources, type Material, NO_MATERIAL } from './desired.ts';
import { INSTANCE } from './instance-state.ts';
import type { AwsRequest } from './request.ts';
import { HOST_KEY } from './tags.ts';

const SSH_PORT = 22;
/** The keys of what is on the VM. */
export const keysOf = (service: string) => ({ host: `host-${service}`, service: `service-${service}` });

interface VmDeps extends Pick<ServiceOptions, 'answerable' | 'token'> {
  readonly paths: StackPaths;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
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
  { elasticIp, sshUser }: Pick<AwsRequest, 'elasticIp' | 'sshUser'>,
  name: string,
  { paths, templates, sessions, ...others }: VmDeps,
) {
  const service = definitionOf(name);
  const options: ServiceOptions = {
    stack: paths.name,
    sessions,
    service,
    boot: templates.boot,
    templates: templatesOf(templates, service),
    ...others,
    unreachable: 'absent',
    gone: (context) => resources.whyGone(context),
    access: async (context) => vmAccess(paths, await resources.publicAddress(context), sshUser),
  };
  const below = elasticIp ? [INSTANCE, ADDRESS] : [INSTANCE];
  const keys = keysOf(name);
  return {
    host: goesWithTheVm(hostResource(keys.host, below, options)),
    service: goesWithTheVm(serviceResource(keys.service, [keys.host], options)),
  };
}

/**
 * What is wanted on the VM.
 *
 * @param make whether the stack's token may be made
 */
export async function desiredOnVm(
  deps: VmDeps,
  resources: AwsResources,
  request: AwsRequest,
  make: boolean,
): Promise<Desired[]> {
  const token = request.auth === 'token' ? await stackToken(deps.paths, make) : undefined;
  const { links, ollamaImage, llama } = request;
  const wanted = onlyService(request);
  const { definition } = wanted;
  const { host, service } = onVm(resources, request, definition.name, { ...deps, token: async () => token });
  const spec = serviceSpec({ ...wanted, links, ollamaImage, llama, token }, templatesOf(deps.templates, definition));
  return [desire(host, { docker: 'installed' }), desire(service, spec)];
}

function goesWithTheVm<Spec, Live>(resource: Resource<Spec, Live>): Resource<Spec, Live> {
  return { ...resource, remove: async () => {} };
}

/**
 * The keys of a stack and what its VM boots with. They are on disk before anything is made with them.
 *
 * @param ttlSeconds dead man's switch, after the first boot
 * @param make false looks only
 */
export async function vmMaterial(
  paths: StackPaths,
  templates: BootTemplates,
  { ttlSeconds }: Pick<AwsRequest, 'ttlSeconds'>,
  make: boolean,
): Promise<Material> {
  const keys = await loginKeys(paths, HOST_KEY, make);
  if (keys === undefined) return NO_MATERIAL;
  const { publicKey } = keys.operator;
  const ttlMinutes = ttlSeconds === undefined ? undefined : Math.ceil(ttlSeconds / 60);
  return {
    publicKey,
    userData: cloudInit({ templates, hostKey: keys.host, authorizedKey: publicKey, ttlMinutes }),
    // Not of the text: a newer chainctl with another boot script is no reason to replace a VM that runs.
    bootHash: shortHash(JSON.stringify([publicKey, keys.host.publicKey, ttlMinutes ?? 0])),
  };
}
