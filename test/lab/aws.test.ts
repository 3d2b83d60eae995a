import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedB } from '../../lab/simulated-b.ts';
import { labObstacle } from '../../lab/support.ts';
import { ROOT } from '../support/cli.ts';
import { exitOfPoints } from '../support/exit-of-points.ts';
import { actionsOf, DeployedLab, type InstanceSeen, tagsOf } from '../support/lab/deployed.ts';
import { until } from '../support/until.ts';

const obstacle = await labObstacle(true);
const ALLOWED = '198.51.100.0/24';
const NOTHING = { instances: 0, keyPairs: 0, securityGroups: 0, addresses: 0, volumes: 0 };
const UNCHANGED = {
  'ssh-key': 'unchanged',
  firewall: 'unchanged',
  'instance-a': 'unchanged',
  'host-a': 'unchanged',
  'service-a': 'unchanged',
};

describe.skipIf(obstacle)(`service A on AWS${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let my: DeployedLab;
  let b: SimulatedB;
  let first: InstanceSeen;
  let deadline: string;
  let last: string[];

  beforeAll(async () => {
    my = await DeployedLab.start();
    b = await my.startB();
  });
  afterAll(() => my?.stop());

  const deployArgs = (...args: string[]) => {
    last = ['deploy', 'aws', '--b-url', b.url, '--allow', ALLOWED, '--ttl', '4h', '--yes', ...args];
    return last;
  };
  const deploy = async (...args: string[]) => {
    const { code, stderr, envelope } = await my.json(...deployArgs(...args));
    expect({ code, error: envelope.error, stderr: code === 0 ? '' : stderr.slice(-2000) }).toMatchObject({ code: 0 });
    return envelope;
  };
  const containers = async (stack?: string) => {
    const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
    const text = await (await my.vm(stack)).exec('docker', 'ps', '--no-trunc', '--format', format);
    return Object.fromEntries(text.split('\n').map((line) => line.split(' '))) as Record<string, string>;
  };
  const engineVolume = async () => {
    const { ollama } = await containers();
    return (await my.vm()).exec('docker', 'inspect', '--format', '{{json .Mounts}}', ollama as string);
  };
  /** What a change of the service leaves as it is. */
  const kept = async () => ({
    instance: (await my.instance()).InstanceId,
    engine: (await containers()).ollama,
    volume: await engineVolume(),
  });
  const aUrl = async () => `http://${(await my.instance()).PublicIpAddress}:8001`;
  const smoke = async () => {
    const { code, envelope } = await my.json('smoke');
    expect({ code, result: envelope.result }).toMatchObject({ code: 0, result: { failed: 0 } });
    return envelope.result as { passed: number; skipped: number };
  };

  it('is planned and priced by a dry run, which makes nothing', async () => {
    const { code, stderr, envelope } = await my.json(...deployArgs('--dry-run'));
    expect(code).toBe(0);
    expect(Object.values(actionsOf(envelope))).toEqual(Array(5).fill('create'));
    expect(stderr).toContain('USD per hour');
    expect(await my.lab.count()).toEqual(NOTHING);
  });

  it('comes up and is what the plan said, as the AWS command line sees it', async () => {
    const envelope = await deploy();
    expect(actionsOf(envelope)).toEqual(Object.fromEntries(Object.keys(UNCHANGED).map((key) => [key, 'create'])));
    expect(await my.lab.count()).toEqual({ instances: 1, keyPairs: 1, securityGroups: 1, addresses: 0, volumes: 1 });
    first = await my.instance();
    const { InstanceId: id } = first;
    expect(envelope.result.endpoints).toEqual({ a: await aUrl() });
    expect(first).toMatchObject({
      InstanceType: 'c6i.xlarge',
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    });
    const attribute = (await my.lab.aws(
      ...['ec2', 'describe-instance-attribute', '--instance-id', id],
      ...['--attribute', 'instanceInitiatedShutdownBehavior'],
    )) as { InstanceInitiatedShutdownBehavior: { Value: string } };
    expect(attribute.InstanceInitiatedShutdownBehavior.Value).toBe('terminate');
    const { Volumes } = (await my.lab.aws('ec2', 'describe-volumes')) as { Volumes: never[] };
    expect(Volumes).toMatchObject([
      { Encrypted: true, VolumeType: 'gp3', Size: 20, Attachments: [{ InstanceId: id }] },
    ]);
    const { SecurityGroups } = (await my.lab.aws(
      ...['ec2', 'describe-security-groups', '--filters', 'Name=tag:chainctl:stack,Values=default'],
    )) as {
      SecurityGroups: { IpPermissions: { FromPort: number; ToPort: number; IpRanges: { CidrIp: string }[] }[] }[];
    };
    expect(SecurityGroups).toHaveLength(1);
    const rules = SecurityGroups[0]?.IpPermissions.flatMap(({ FromPort, ToPort, IpRanges }) =>
      IpRanges.map(({ CidrIp }) => `${FromPort}-${ToPort} ${CidrIp}`),
    );
    expect(rules?.sort()).toEqual([`22-22 ${my.lab.gateway}/32`, `8001-8001 ${ALLOWED}`]);
    const { KeyPairs } = (await my.lab.aws('ec2', 'describe-key-pairs')) as { KeyPairs: never[] };
    const common = {
      'chainctl:stack': 'default',
      'chainctl:token': expect.any(String),
      'chainctl:created-by': `${userInfo().username}@${hostname()}`,
      'chainctl:expires-at': envelope.result.expiresAt,
    };
    const tagged: [object, string][] = [
      [first, 'instance-a'],
      [Volumes[0] as unknown as object, 'instance-a'],
      [SecurityGroups[0] as object, 'firewall'],
      [KeyPairs[0] as unknown as object, 'ssh-key'],
    ];
    for (const [object, key] of tagged) {
      const name = `chainctl-default-${key}`;
      expect(tagsOf(object)).toMatchObject({ ...common, 'chainctl:key': key, Name: name });
    }
  });

  it('asks for the token of the stack, and passes it on to a B that asks for it, too', async () => {
    const { port } = b;
    await b.stop();
    b = await my.startB({ port, tokenFile: my.secretFile('token') });
    const prompt = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"hello"}' };
    expect((await fetch(`${await aUrl()}/chain`, prompt)).status).toBe(401);
    expect((await fetch(`${b.url}/invoke`, prompt)).status).toBe(401);
    expect((await smoke()).skipped).toBe(0);
  });

  it('takes a sweep', async () => {
    const { code, envelope } = await my.json(...['load', '--rps', '2,5', '--duration', '2s', '--warmup', '0s']);
    expect(code).toBe(exitOfPoints(envelope));
    const points = envelope.result.points as { rate: number; outcomes: { ok: number } }[];
    expect(points.map(({ rate, outcomes }) => [rate, outcomes.ok])).toEqual([
      [2, 4],
      [5, 10],
    ]);
  });

  it('shows its state and its logs, and can be logged in to', async () => {
    const { code, envelope } = await my.json('status');
    expect(code).toBe(0);
    const [target] = envelope.result.targets;
    expect(target).toMatchObject({ target: 'aws', healthy: true, complete: true, auth: 'token' });
    expect(target.resources).toContainEqual(expect.objectContaining({ key: 'instance-a', id: first.InstanceId }));
    const refreshed = await my.json('status', '--refresh');
    expect(refreshed.code).toBe(0);
    const drift = refreshed.envelope.result.targets[0].drift as { key: string; drift: string }[];
    expect(Object.fromEntries(drift.map((each) => [each.key, each.drift]))).toEqual(
      Object.fromEntries(Object.keys(UNCHANGED).map((key) => [key, 'in-sync'])),
    );
    expect((await my.run('logs', 'a')).stdout).toContain('listening on');
    const requests = (await my.run('logs', 'a', '--requests', '--lines', '3')).stdout.trim().split('\n');
    expect(requests).toHaveLength(3);
    expect(requests.map((line) => JSON.parse(line).service)).toEqual(Array(3).fill('a'));
    const ssh = await my.run('ssh', 'a', '--', 'hostname');
    expect(ssh).toMatchObject({ code: 0, stdout: `ip-${first.PublicIpAddress.replaceAll('.', '-')}\n` });
    expect(await my.run('ssh', 'a', '--', 'exit', '7')).toMatchObject({ code: 7 });
  });

  it('is left alone by another deploy when nothing differs', async () => {
    const [before, calls] = [await containers(), my.lab.calls.length];
    const envelope = await deploy();
    expect(actionsOf(envelope)).toEqual(UNCHANGED);
    expect(await containers()).toEqual(before);
    const made = my.lab.calls.slice(calls).filter(({ action }) => !action.startsWith('Describe'));
    expect(made).toEqual([]);
  });

  it("follows B to another address: only A's own container is replaced", async () => {
    const [before, { service }] = [await kept(), await containers()];
    const old = b;
    b = await my.startB({ tokenFile: my.secretFile('token') });
    expect(actionsOf(await deploy())).toEqual({ ...UNCHANGED, 'service-a': 'update' });
    await old.stop();
    expect(await kept()).toEqual(before);
    expect((await containers()).service).not.toBe(service);
    await smoke();
  });

  it('gets another model: only its own container is replaced', async () => {
    const [before, { service }] = [await kept(), await containers()];
    expect(actionsOf(await deploy('--model-a', 'phi3:mini'))).toEqual({ ...UNCHANGED, 'service-a': 'update' });
    expect(await kept()).toEqual(before);
    expect((await containers()).service).not.toBe(service);
    expect(await (await fetch(`${await aUrl()}/health`)).text()).toContain('phi3:mini');
  });

  it('gets new code: only its own container is replaced', async () => {
    const [before, { service }] = [await kept(), await containers()];
    const copy = await mkdtemp(join(tmpdir(), 'chainctl-newer-'));
    try {
      for (const name of ['bin', 'dist', 'templates', 'package.json']) {
        await cp(join(ROOT, name), join(copy, name), { recursive: true });
      }
      await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
      await appendFile(join(copy, 'dist', 'templates', 'service-a.mjs'), '\n// newer\n');
      const command = [process.execPath, join(copy, 'bin', 'run.js')] as const;
      const { code, envelope } = await my.cli.json(last, { env: my.env, command });
      expect({ code, error: envelope.error }).toEqual({ code: 0, error: undefined });
      expect(actionsOf(envelope)).toEqual({ ...UNCHANGED, 'service-a': 'update' });
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
    expect(await kept()).toEqual(before);
    expect((await containers()).service).not.toBe(service);
    expect(actionsOf(await deploy())).toEqual({ ...UNCHANGED, 'service-a': 'update' });
  });

  it('has its deadline armed', async () => {
    const vm = await my.vm();
    deadline = await vm.exec('cat', '/var/lib/chainctl/deadline');
    const expires = Date.parse(tagsOf(await my.instance())['chainctl:expires-at'] as string) / 1000;
    expect(Math.abs(Number(deadline) - expires)).toBeLessThan(120);
    expect(Math.abs((await shutdownAt()) - Number(deadline))).toBeLessThan(120);
  });

  it('serves again by itself after a reboot, with the same deadline armed', async () => {
    const { InstanceId: id } = first;
    const booted = () => my.vm().then((vm) => vm.exec('stat', '-c', '%Y', '/proc/1'));
    const before = await booted();
    await my.lab.aws('ec2', 'reboot-instances', '--instance-ids', id);
    await until('the VM boots', async () => (await booted()) !== before);
    await until('service A answers', async () => (await fetch(`${await aUrl()}/health`)).ok);
    await smoke();
    const vm = await my.vm();
    expect(await vm.exec('cat', '/var/lib/chainctl/deadline')).toBe(deadline);
    await until('its end is planned', async () => Math.abs((await shutdownAt()) - Number(deadline)) < 120);
    expect(actionsOf(await deploy())).toEqual(UNCHANGED);
  });

  it('and another stack beside it, with an Elastic IP and no token, do not touch each other', async () => {
    const [before, calls] = [await kept(), my.lab.calls.length];
    const open = await my.startB();
    const args = ['deploy', 'aws', '--stack', 'second', '--b-url', open.url, '--elastic-ip', '--auth', 'none', '--yes'];
    const { code, envelope } = await my.json(...args);
    expect({ code, error: envelope.error }).toEqual({ code: 0, error: undefined });
    const second = await my.instance('second');
    const { Addresses } = (await my.lab.aws('ec2', 'describe-addresses')) as { Addresses: { PublicIp: string }[] };
    expect(Addresses).toMatchObject([{ InstanceId: second.InstanceId }]);
    expect(envelope.result.endpoints.a).toBe(`http://${Addresses[0]?.PublicIp}:8001`);
    expect(tagsOf(Addresses[0] as object)).toMatchObject({ 'chainctl:stack': 'second', 'chainctl:key': 'address-a' });
    expect(await my.run('smoke', '--stack', 'second')).toMatchObject({ code: 0 });
    expect(await my.run('teardown', 'aws', '--stack', 'second', '--yes')).toMatchObject({ code: 0 });
    expect(await kept()).toEqual(before);
    expect(actionsOf(await deploy())).toEqual(UNCHANGED);
    const touched = my.lab.calls
      .slice(calls)
      .filter(({ action }) => !action.startsWith('Describe'))
      .filter(({ params }) => JSON.stringify(params).includes(first.InstanceId));
    expect(touched).toEqual([]);
    await smoke();
  });

  it('stays where the name that is typed is not its own', async () => {
    const counted = await my.lab.count();
    const { said, code } = await typed('second', 'teardown', 'aws');
    expect(said).toContain('the name did not match');
    expect(code).toBe(2);
    expect(await my.run('teardown', 'aws')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await my.lab.count()).toEqual(counted);
    await smoke();
  });

  it('is taken down to nothing, secrets included', async () => {
    const { code, stdout } = await my.run('teardown', 'aws', '--yes');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('instance-a') });
    expect(stdout).not.toContain('Logs stay');
    expect(await my.lab.count()).toEqual(NOTHING);
    await expect(my.secret('ssh-key')).rejects.toThrow();
    await my.lab.settled();
    expect(my.lab.problems).toEqual([]);
  });

  /** The moment at which the VM will turn itself off, seconds since 1970: from logind, else from systemd's timer. */
  async function shutdownAt(): Promise<number> {
    const script =
      'f=/run/systemd/shutdown/scheduled; if [ -e $f ]; then sed -n "s/^USEC=//p" $f; else systemctl show chainctl-poweroff.timer -p NextElapseUSecMonotonic --value; fi';
    const text = await (await my.vm()).exec('sh', '-c', script);
    return Number(text) / 1e6;
  }

  /** Runs a command at a terminal and answers its first question. */
  async function typed(answer: string, ...args: string[]) {
    const command = [process.execPath, join(ROOT, 'bin', 'run.js'), ...args].join(' ');
    const { NODE_ENV: _, CI: __, ...inherited } = process.env;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: my.cli.home,
      env: { ...inherited, CHAINCTL_HOME: my.cli.home, ...my.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    let answered = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (answered || !/removes everything/.test(said)) return;
      answered = true;
      child.stdin.write(`${answer}\n`);
    });
    const [code] = await once(child, 'close');
    return { said, code: code as number };
  }
});
