import type { HostAccess } from '../../machine/access.ts';
import { hostResource } from '../../machine/host-resource.ts';
import { serviceResource } from '../../machine/service-resource.ts';
import { type ServiceSpec, serviceSpec } from '../../machine/service-spec.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import { formatPublicKey, parsePublicKey } from '../../machine/ssh-keys.ts';
import type { HostTemplates } from '../../machine/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { type Desired, desire, type Resource, type ResourceContext } from '../../stack/resource.ts';
import { readSecret, SSH_KEY } from '../../stack/secrets.ts';
import { ADDRESS } from './address.ts';
import type { AwsResources } from './desired.ts';
import { INSTANCE } from './instance-state.ts';
import { type AwsRequest, HOST_KEY } from './request.ts';

const SSH_PORT = 22;
/** The keys of what is on the VM. */
export const ON_VM = ['host-a', 'service-a'] as const;

export interface VmDeps {
  readonly paths: StackPaths;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  /** The stack's token; undefined for a chain that is open. */
  token(): Promise<string | undefined>;
  /** Resolves once B serves, where it comes up at the same time. */
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
 * The VM as a machine (`host-a`) and the service on it (`service-a`). While looking, a VM that cannot be reached has
 * nothing on it yet; removing is the VM's own removal.
 */
export function onVm(
  resources: Pick<AwsResources, 'publicAddress' | 'whyGone'>,
  { elasticIp, sshUser }: Pick<AwsRequest, 'elasticIp' | 'sshUser'>,
  { paths, templates, sessions, token, answerable }: VmDeps,
) {
  const options = {
    stack: paths.name,
    sessions,
    installDocker: templates.boot.installDocker,
    unreachable: 'absent',
    gone: (context: ResourceContext) => resources.whyGone(context),
    access: async (context: ResourceContext) => vmAccess(paths, await resources.publicAddress(context), sshUser),
  } as const;
  const below = elasticIp ? [INSTANCE, ADDRESS] : [INSTANCE];
  const service = { ...options, service: 'a', templates: templates.services.a, token, answerable } as const;
  return {
    host: goesWithTheVm(hostResource('host-a', below, options)),
    service: goesWithTheVm(serviceResource('service-a', ['host-a'], service)),
  };
}

/** What is wanted on the VM. */
export function desiredOnVm(
  { host, service }: ReturnType<typeof onVm>,
  request: AwsRequest,
  { templates }: Pick<VmDeps, 'templates'>,
  token: string | undefined,
): Desired[] {
  const spec: ServiceSpec = serviceSpec(
    {
      service: 'a',
      model: request.modelA,
      remoteB: `${request.bUrl}/invoke`,
      ollamaImage: request.ollamaImage,
      tuning: request.tuning,
      token,
    },
    templates.services.a,
  );
  return [desire(host, { docker: 'installed' }), desire(service, spec)];
}

function goesWithTheVm<Spec, Live>(resource: Resource<Spec, Live>): Resource<Spec, Live> {
  return { ...resource, remove: async () => {} };
}
