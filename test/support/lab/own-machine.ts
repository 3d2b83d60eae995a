import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../../lab/lab.ts';
import type { Vm } from '../../../lab/vm.ts';
import { cloudInit } from '../../../src/services/machine/cloud-init.ts';
import { fingerprint, makeSshKeyPair, parsePublicKey } from '../../../src/services/machine/ssh-keys.ts';
import { BOOT } from '../../unit/host/templates.ts';

/** A VM that was made by hand, and the key that lets an operator in. */
export interface OwnMachine {
  readonly vm: Vm;
  /** The flags of `deploy host` for it. */
  readonly flags: readonly string[];
  /** Of its host key, as an operator is told it. */
  readonly hostKey: string;
  readonly privateKey: string;
}

/** Starts a machine of one's own in a lab with VMs. @param folder where the keys go */
export async function startOwnMachine(lab: Lab, folder: string): Promise<OwnMachine> {
  const [hostKey, operator] = [makeSshKeyPair('host'), makeSshKeyPair('operator')];
  await writeFile(join(folder, 'key'), operator.privateKey, { mode: 0o600 });
  const userData = cloudInit({ templates: BOOT, hostKey, authorizedKey: operator.publicKey, ttlMinutes: 240 });
  await writeFile(join(folder, 'user-data'), userData);
  const { Images } = (await lab.aws('ec2', 'describe-images', '--owners', '099720109477')) as {
    Images: { ImageId: string }[];
  };
  const { Instances } = (await lab.aws(
    ...['ec2', 'run-instances', '--image-id', Images[0]?.ImageId as string, '--instance-type', 't3.large'],
    ...['--user-data', `file://${folder}/user-data`],
  )) as { Instances: { InstanceId: string }[] };
  const id = Instances[0]?.InstanceId as string;
  await lab.aws('ec2', 'wait', 'instance-running', '--instance-ids', id);
  const vm = lab.vms.get(id);
  await vm.sshReady();
  // cloud-init gives sshd its host key and starts it again.
  await vm.exec('cloud-init', 'status', '--wait').catch(() => {});
  return {
    vm,
    flags: ['--ssh', `ubuntu@${vm.address}`, '--identity', join(folder, 'key')],
    hostKey: fingerprint(parsePublicKey(hostKey.publicKey) as never),
    privateKey: operator.privateKey,
  };
}

/** The containers that run on a machine: their ids by the names of their compose services. */
export async function containersOf(vm: Vm): Promise<Map<string, string>> {
  const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
  const lines = (await vm.exec('docker', 'ps', '--no-trunc', '--format', format)).split('\n');
  return new Map(lines.filter((line) => /^\S/.test(line)).map((line) => line.split(' ') as [string, string]));
}
