import { resolve } from 'node:path';
import { type DoctorCheck, finding } from '../../doctor/check.ts';
import { examineMachine } from '../../machine/examine-machine.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { HostFlags } from './flags.ts';
import { type HostPin, readPins } from './pins.ts';
import { parseSshAddress } from './ssh-address.ts';
import { accessOf } from './target.ts';
import { pinHostKey, type TrustOptions } from './trust.ts';

interface HostDoctorDeps {
  readonly paths: StackPaths;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
  /** Whom to believe that a machine is the right one; nobody is asked. */
  readonly trust: TrustOptions;
}

/** Examines the machine that the flags name, else those that the stack has pinned. Nothing is pinned. */
export async function examineHosts(
  flags: Pick<HostFlags, 'identity'> & { readonly ssh?: string | undefined },
  { paths, agent, trust }: HostDoctorDeps,
  context: Pick<ResourceContext, 'clock' | 'signal'>,
): Promise<DoctorCheck[]> {
  const pins = await readPins(paths);
  const known = Object.entries(pins).filter((entry): entry is [string, HostPin] => entry[1] !== undefined);
  const at = async (pin: HostPin) => {
    const access = await accessOf(pin, agent)();
    if (access === undefined) throw new Error('there is no machine');
    return access;
  };
  if (flags.ssh !== undefined) {
    const ssh = parseSshAddress(flags.ssh);
    const identity = flags.identity === undefined ? {} : { identity: resolve(flags.identity) };
    const same = known.find(([, { address, port }]) => address === ssh.address && port === ssh.port)?.[1].hostKey;
    return examineMachine(
      'host',
      async () => at({ ...ssh, ...identity, hostKey: same ?? (await pinHostKey(ssh, trust, context.signal)) }),
      context,
    );
  }
  if (known.length === 0) {
    const detail = `stack ${paths.name} has no machine`;
    return [
      finding('host', 'skipped', detail, `name one: chainctl doctor host --ssh USER@ADDRESS${stackOption(paths.name)}`),
    ];
  }
  const checks = await Promise.all(
    known.map(([service, pin]) => examineMachine(`host ${service}`, () => at(pin), context)),
  );
  return checks.flat();
}
