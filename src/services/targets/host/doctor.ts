import { resolve } from 'node:path';
import { type DoctorCheck, finding } from '../../doctor/check.ts';
import { examineMachine } from '../../machine/examine-machine.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { HostDeployDeps } from './deploy.ts';
import type { HostFlags } from './flags.ts';
import { readPins } from './pins.ts';
import { parseSshAddress } from './ssh-address.ts';
import { accessOf } from './target.ts';
import { pinHostKey, type TrustOptions } from './trust.ts';

/** Nobody is asked whether a machine is the right one. */
type HostDoctorDeps = Pick<HostDeployDeps, 'paths' | 'agent'> & { readonly trust: TrustOptions };

/** Examines the machine that the flags name, else those that the stack has pinned. Nothing is pinned. */
export async function examineHosts(
  flags: Pick<HostFlags, 'identity'> & { readonly ssh?: string | undefined },
  { paths, agent, trust }: HostDoctorDeps,
  context: Pick<ResourceContext, 'clock' | 'signal'>,
): Promise<DoctorCheck[]> {
  const pins = Object.entries(await readPins(paths));
  if (flags.ssh !== undefined) {
    const ssh = parseSshAddress(flags.ssh);
    const identity = flags.identity === undefined ? undefined : resolve(flags.identity);
    const same = pins.find(([, { address, port }]) => address === ssh.address && port === ssh.port)?.[1].hostKey;
    const access = async () => {
      const hostKey = same ?? (await pinHostKey(ssh, trust, context.signal));
      return accessOf({ ...ssh, identity, hostKey }, agent);
    };
    return examineMachine('host', access, context);
  }
  if (pins.length === 0) {
    const step = `name one: chainctl doctor host --ssh USER@ADDRESS${stackOption(paths.name)}`;
    return [finding('host', 'skipped', `stack ${paths.name} has no machine`, step)];
  }
  const checks = pins.map(([service, pin]) => examineMachine(`host ${service}`, () => accessOf(pin, agent), context));
  return (await Promise.all(checks)).flat();
}
