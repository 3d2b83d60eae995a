import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { type Lab, startLab } from '../../lab.ts';
import { run } from '../../shell.ts';
import { labObstacle } from '../../support.ts';

const obstacle = await labObstacle(true);

/** What a launch answers, as far as the tests look at it. */
interface Launched {
  readonly Instances: readonly { readonly InstanceId: string }[];
}

describe.skipIf(obstacle)(`the lab's VMs${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let folder: string;
  let lab: Lab;
  let id: string;
  let address: string;
  let before: unknown;

  beforeAll(async () => {
    before = await machine();
    folder = await mkdtemp(join(tmpdir(), 'chainctl-lab-test-'));
    for (const key of ['operator', 'host']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], at());
    lab = await startLab({ vms: true });
    await lab.aws(
      'ec2',
      'import-key-pair',
      '--key-name',
      'k',
      '--public-key-material',
      `fileb://${folder}/operator.pub`,
    );
    id = await launch();
    address = await describeInstance('PublicIpAddress');
    await writeFile(join(folder, 'known_hosts'), `${address} ${await readFile(join(folder, 'host.pub'), 'utf8')}`);
  });
  afterAll(async () => {
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = () => ({ cwd: folder });

  const launch = async () => {
    const hostKey = await readFile(join(folder, 'host'), 'utf8');
    const userData = [
      '#cloud-config',
      'ssh_deletekeys: true',
      'ssh_keys:',
      `  ed25519_private: ${JSON.stringify(hostKey)}`,
      `  ed25519_public: ${JSON.stringify(await readFile(join(folder, 'host.pub'), 'utf8'))}`,
      'runcmd: ["date +%N >> /root/first-boots"]',
    ].join('\n');
    await writeFile(join(folder, 'user-data'), userData);
    const images = (await lab.aws('ec2', 'describe-images', '--owners', '099720109477')) as {
      Images: { ImageId: string }[];
    };
    const launched = (await lab.aws(
      ...['ec2', 'run-instances', '--image-id', images.Images[0]?.ImageId as string, '--instance-type', 't3.large'],
      ...['--key-name', 'k', '--user-data', `file://${folder}/user-data`],
      ...['--instance-initiated-shutdown-behavior', 'terminate'],
    )) as Launched;
    return launched.Instances[0]?.InstanceId as string;
  };

  const describeInstance = async (what: string) => {
    const query = `Reservations[0].Instances[0].${what}`;
    return (await lab.aws('ec2', 'describe-instances', '--instance-ids', id, '--query', query)) as string;
  };

  const ssh = (command: string, host = address) =>
    run(
      'ssh',
      [
        ...['-i', 'operator', '-o', 'UserKnownHostsFile=known_hosts', '-o', 'StrictHostKeyChecking=yes'],
        ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-F', 'none', `ubuntu@${host}`, command],
      ],
      at(),
    );

  it('boot with their user data and answer SSH with the key that it pins', async () => {
    await lab.aws('ec2', 'wait', 'instance-running', '--instance-ids', id);
    await lab.vms.get(id).sshReady();
    expect(await ssh('sudo cloud-init status --wait > /dev/null; whoami; hostname')).toBe(
      `ubuntu\nip-${address.replaceAll('.', '-')}`,
    );
    expect(await ssh('sudo cat /root/first-boots | wc -l')).toBe('1');
  });

  it('have Docker with Compose, and the images that a host would pull', async () => {
    const compose = 'services: {engine: {image: "ollama/ollama:latest", ports: ["11434:11434"]}}';
    await ssh(
      `mkdir chain && echo '${compose}' > chain/compose.yaml && sudo docker compose -p chain -f chain/compose.yaml up -d`,
    );
    const engine = `http://${address}:11434`;
    await until('the engine answers', async () => (await fetch(`${engine}/api/version`)).ok);
    await ssh('sudo docker exec chain-engine-1 ollama pull tinyllama');
    const { models } = (await (await fetch(`${engine}/api/tags`)).json()) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).toEqual(['tinyllama:latest']);
    await ssh('sudo docker compose -p chain down');
    const node = 'sudo docker run --rm node:26-bookworm-slim node -p process.version';
    expect(await ssh(node)).toBe(process.version);
  });

  it('reach this machine and nothing else', async () => {
    const server = createServer((_, outgoing) => outgoing.end('here')).listen(0, lab.gateway);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await ssh(`curl -s http://${lab.gateway}:${port}/`)).toBe('here');
    server.close();
    expect(await ssh('timeout 20 curl -s http://192.0.2.1/ || echo no')).toBe('no');
    expect(await ssh('timeout 20 getent hosts example.org || echo no')).toBe('no');
  });

  it('answer on an Elastic IP, too', async () => {
    const { AllocationId, PublicIp } = (await lab.aws('ec2', 'allocate-address')) as Record<string, string>;
    await lab.aws('ec2', 'associate-address', '--allocation-id', AllocationId as string, '--instance-id', id);
    expect(await describeInstance('PublicIpAddress')).toBe(PublicIp);
    const host = await readFile(join(folder, 'host.pub'), 'utf8');
    await writeFile(join(folder, 'known_hosts'), `${address},${PublicIp} ${host}`);
    await until(`SSH answers at ${PublicIp}`, async () => (await ssh('whoami', PublicIp)) === 'ubuntu');
    await lab.aws('ec2', 'reboot-instances', '--instance-ids', id);
    await lab.settled();
    await until(`SSH answers at ${PublicIp}`, async () => (await ssh('whoami', PublicIp)) === 'ubuntu');
  });

  it('come back from a reboot, from outside or inside, without running their user data again', async () => {
    const boot = () => ssh('cat /proc/1/stat | cut -d" " -f22');
    const first = await boot();
    await lab.aws('ec2', 'reboot-instances', '--instance-ids', id);
    await lab.settled();
    await until('a second boot', async () => (await boot()) !== first);
    const second = await boot();
    await ssh('sudo systemctl reboot').catch(() => {});
    await until('a third boot', async () => (await boot()) !== second);
    expect(await ssh('sudo cloud-init status --wait > /dev/null; sudo cat /root/first-boots | wc -l')).toBe('1');
    expect(await describeInstance('State.Name')).toBe('running');
  });

  it('show what they said on their console', async () => {
    const text = (await lab.aws('ec2', 'get-console-output', '--instance-id', id)) as { Output: string };
    expect(text.Output).toContain('cloud-init');
  });

  it('are terminated when they turn themselves off', async () => {
    await ssh('sudo shutdown -P now').catch(() => {});
    await until('the instance is terminated', async () => (await describeInstance('State.Name')) === 'terminated');
    expect((await lab.count()).instances).toBe(0);
  });

  it('are gone when they are terminated while they boot', async () => {
    const short = await launch();
    await lab.aws('ec2', 'terminate-instances', '--instance-ids', short);
    await lab.settled();
    expect(lab.vms.find(short)).toBeUndefined();
    expect((await readdir(lab.folder)).sort()).toEqual(['home', 'lab.json']);
    expect(lab.problems).toEqual([]);
  });

  it('leave nothing behind', async () => {
    await launch();
    await lab.settled();
    expect((await traces()).bridge).not.toBe('');
    await lab.stop();
    expect(await traces()).toEqual({ bridge: '', folder: false, mounts: '', firewall: '', processes: '' });
    expect(await machine()).toEqual(before);
  });

  /** What belongs to the machine and must stay as it was. */
  const machine = async () => ({
    forward: await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    files: await readFile('/proc/sys/fs/file-max', 'utf8'),
    links: await readFile('/proc/sys/fs/protected_regular', 'utf8'),
  });

  /** What this lab has on the machine, by its subnet and its folder. */
  const traces = async () => {
    const subnet = address.split('.').slice(0, 3).join('.');
    const grep = (pattern: string, ...command: string[]) =>
      run('sh', ['-c', `${command.join(' ')} | grep -F -- ${pattern} | grep -v grep || true`]);
    return {
      bridge: await grep(`${subnet}.`, 'ip -oneline -4 address'),
      folder: existsSync(lab.folder),
      mounts: await grep(lab.folder, 'cat /proc/mounts'),
      firewall: await grep(`${subnet}.`, 'iptables-save'),
      processes: await grep(lab.folder, 'ps -eo args'),
    };
  };
});
