import { remedy } from '../../../errors.ts';
import type { HostAccess } from '../../machine/access.ts';
import { type LoginKeys, loginKeys } from '../../machine/login-keys.ts';
import { sshOptions } from '../../machine/ssh-words.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { shellWord } from '../../words.ts';
import { loginAccess, SSH_USER } from './boot/login.ts';
import type { Compute } from './compute.ts';
import { vmTag } from './desired.ts';
import { type GcpRequest, HOST_KEY_B } from './request.ts';
import type { GroupVm } from './vms.ts';

/** Where connections through Google's Identity-Aware Proxy come from (cloud.google.com/iap/docs/using-tcp-forwarding). */
const IAP_RANGE = '35.235.240.0/20';

interface Login {
  readonly compute: Pick<Compute, 'project'>;
  readonly paths: StackPaths;
  readonly request: Pick<GcpRequest, 'network'> | undefined;
  /** Name of the service that the VMs run. */
  readonly service: string;
}

/**
 * The words after `ssh` that log in to one VM of the group. All of them have the one host key of the stack, and no other
 * machine has it: it is the only one trusted.
 *
 * @throws RemedyError (exit 3) when the VM has no public address, with the way through Google's proxy; or when the keys
 *   are not on this machine
 */
export async function sshCommandB(vm: GroupVm, { compute, paths, request, service }: Login): Promise<string[]> {
  const keys = await keysOf(paths);
  const { hostKey } = loginAccess(keys, vm.address ?? '');
  const options = await sshOptions(paths, service, hostKey);
  if (vm.address !== undefined) return [...options, `${SSH_USER}@${vm.address}`];
  const through = `gcloud compute start-iap-tunnel ${vm.name} 22 --listen-on-stdin --project ${compute.project} --zone ${vm.zone}`;
  const words = ['ssh', ...options, '-o', `ProxyCommand=${through}`, `${SSH_USER}@${vm.name}`];
  const rule = `chainctl-${paths.name}-iap`;
  throw remedy.configuration(
    'no-address',
    `the VM ${vm.name} has no public address${vm.status === 'RUNNING' ? '' : ` and is ${vm.status}`}`,
    [
      `log in through Google's proxy: ${words.map(shellWord).join(' ')}`,
      `which needs a firewall rule of yours: gcloud compute firewall-rules create ${rule} --project ${compute.project} --network ${request?.network ?? 'default'} --allow tcp:22 --source-ranges ${IAP_RANGE} --target-tags ${vmTag(paths.name, service)}`,
    ],
  );
}

/** How chainctl itself reaches a VM; undefined for one without a public address. */
export async function vmAccessB(paths: StackPaths, vm: GroupVm): Promise<HostAccess | undefined> {
  return vm.address === undefined ? undefined : loginAccess(await keysOf(paths), vm.address);
}

async function keysOf(paths: StackPaths): Promise<LoginKeys> {
  const keys = await loginKeys(paths, HOST_KEY_B, false);
  if (keys !== undefined) return keys;
  throw remedy.configuration('no-keys', `the keys to the VMs of stack ${paths.name} are not on this machine`, [
    'log in from the machine that deployed it',
    `or deploy from here; this replaces the VMs: chainctl deploy gcp${stackOption(paths.name)}`,
  ]);
}
