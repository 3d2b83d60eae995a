import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import type { Vm } from '../../lab/vm.ts';
import { Cli } from '../support/cli.ts';
import { containersOf, type OwnMachine, startOwnMachine } from '../support/lab/own-machine.ts';
import { until } from '../support/until.ts';

const obstacle = await labObstacle(true);

describe.skipIf(obstacle)(`a machine of one's own${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let cli: Cli;
  let folder: string;
  let machine: OwnMachine;
  let vm: Vm;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-host-test-'));
    cli = await Cli.open();
    lab = await startLab({ vms: true });
    machine = await startOwnMachine(lab, folder);
    vm = machine.vm;
  });
  afterAll(async () => {
    await cli?.close();
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const deploy = (...args: string[]) => cli.jsonHere(['deploy', 'host', ...machine.flags, ...args]);
  const containers = () => containersOf(vm);
  const actions = (envelope: { result: { changes: { key: string; action: string }[] } }) =>
    Object.fromEntries(envelope.result.changes.map(({ key, action }) => [key, action]));

  it('is not trusted before its key is vouched for', async () => {
    const { code, envelope } = await deploy('--service', 'b');
    expect([code, envelope.error.code]).toEqual([3, 'host-key-unknown']);
  });

  it('gets a service that answers', async () => {
    const { code, envelope, stderr } = await deploy(
      '--service',
      'b',
      '--min-process-seconds',
      '0.1',
      '--host-key',
      machine.hostKey,
    );
    expect(stderr).not.toContain('Warning');
    expect(code).toBe(0);
    expect(actions(envelope)).toEqual({ 'host-b': 'create', 'service-b': 'create' });
    expect((await cli.run(['smoke', '--b-url', envelope.result.endpoints.b])).code).toBe(0);
  });

  it('is left alone when nothing differs, and gets a new container, not a new engine, when something does', async () => {
    const before = await containers();
    const same = await deploy('--service', 'b', '--min-process-seconds', '0.1');
    expect(actions(same.envelope)).toEqual({ 'host-b': 'unchanged', 'service-b': 'unchanged' });
    expect(await containers()).toEqual(before);
    const other = await deploy('--service', 'b', '--min-process-seconds', '0.2', '--model', 'phi3:medium');
    expect(actions(other.envelope)).toEqual({ 'host-b': 'unchanged', 'service-b': 'update' });
    const after = await containers();
    expect(after.get('ollama')).toBe(before.get('ollama'));
    expect(after.get('service')).not.toBe(before.get('service'));
  });

  it('gets an engine with more slots once the service has ended what is in flight', async () => {
    const slow = ['--service', 'b', '--model', 'phi3:medium', '--min-process-seconds', '6'];
    await deploy(...slow);
    const before = await containers();
    const url = `http://${vm.address}:8002`;
    const token = await readFile(join(cli.home, 'stacks', 'default', 'secrets', 'token'), 'utf8');
    const headers = { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ prompt: 'word '.repeat(250) });
    const answer = fetch(`${url}/invoke`, { method: 'POST', headers, body }).then(({ status }) => status);
    const health = async () =>
      (await (await fetch(`${url}/health`)).json()) as { in_flight: number; capacity: { concurrency: number } };
    await until('both requests are in flight', async () => (await health()).in_flight >= 2);
    const { code } = await deploy(...slow, '--concurrency', '2', '--num-ctx', 'b=2048');
    expect(code).toBe(0);
    expect(await answer).toBe(200);
    expect((await containers()).get('ollama')).not.toBe(before.get('ollama'));
    expect((await health()).capacity.concurrency).toBe(2);
    expect(await vm.exec('sh', '-c', `docker exec ${(await containers()).get('ollama')} env`)).toContain(
      'OLLAMA_NUM_PARALLEL=2',
    );
  });

  it('gets llama.cpp in the place of Ollama, with a file that is downloaded once, and Ollama again', async () => {
    const make =
      'mkdir -p /root/models && cd /root/models && { printf GGUF; head -c 3000000 /dev/urandom; } > tiny.gguf';
    const [sha256 = ''] = (await vm.exec('sh', '-c', `${make} && sha256sum tiny.gguf`)).split(' ');
    const serve =
      'require("http").createServer((q,s)=>{const f=require("fs").readFileSync("/m/tiny.gguf");s.writeHead(200,{"content-length":f.length});s.end(f)}).listen(9009)';
    const server = ['run', '-d', '--rm', '--name', 'models', '--network', 'host', '-v', '/root/models:/m:ro'];
    await vm.exec('docker', ...server, 'node:26-bookworm-slim', 'node', '-e', serve);
    const args = ['--service', 'b', '--min-process-seconds', '0.1', '--engine', 'llamacpp'];
    const url = ['--model-url', `http://${vm.address}:9009/tiny.gguf`];
    // The server tells no checksum, and nobody else does.
    const unknown = await deploy(...args, ...url);
    expect([unknown.code, unknown.envelope.error.code]).toEqual([3, 'model-download']);
    expect(unknown.envelope.error.message).toContain('set MODEL_SHA256');
    expect(unknown.stderr).toContain('llama.cpp with tiny.gguf, from ');
    expect(unknown.stderr).toContain('in the place of Ollama');
    expect([...(await containers()).keys()]).toContain('ollama');
    const first = await deploy(...args, ...url, '--model-sha256', sha256);
    expect(first.code, first.stderr).toBe(0);
    const there = await containers();
    expect([...there.keys()].sort()).toEqual(['llamacpp', 'service']);
    expect((await cli.run(['smoke', '--b-url', first.envelope.result.endpoints.b])).code).toBe(0);
    const same = await deploy(...args, ...url, '--model-sha256', sha256);
    expect(actions(same.envelope)).toEqual({ 'host-b': 'unchanged', 'service-b': 'unchanged' });
    await vm.exec('docker', 'rm', '-f', 'models');
    // What is downloaded is not asked for again.
    const tuned = await deploy(...args, ...url, '--model-sha256', sha256, '--concurrency', '3');
    expect(tuned.code, tuned.stderr).toBe(0);
    expect((await containers()).get('llamacpp')).not.toBe(there.get('llamacpp'));
    const back = await deploy('--service', 'b', '--min-process-seconds', '0.1');
    expect(back.code, back.stderr).toBe(0);
    expect([...(await containers()).keys()].sort()).toEqual(['ollama', 'service']);
  });

  it('goes on when the connection is cut in the middle of a pull', async () => {
    let cuts = 0;
    const onLine = (line: string) => {
      if (cuts > 0 || !/"progress".*mistral/.test(line)) return;
      cuts++;
      void vm.exec('pkill', '-f', 'sshd: ubuntu').catch(() => {});
    };
    const args = ['deploy', 'host', ...machine.flags];
    const { code, stderr } = await cli.jsonHere([...args, '--service', 'b', '--model', 'mistral'], { onLine });
    expect(cuts).toBe(1);
    expect(stderr).toContain('connecting to');
    expect(code).toBe(0);
  });

  it('shows no secret to its other users', async () => {
    const open = await vm.exec('find', '/opt/chainctl', '-maxdepth', '0', '-perm', '/077');
    expect(open).toBe('');
  });

  it('serves again by itself after a reboot, with the deadline it had', async () => {
    const deadline = await vm.exec('cat', '/var/lib/chainctl/deadline');
    await vm.reboot();
    const health = async () => (await fetch(`http://${vm.address}:8002/health`)).ok;
    await until('the service answers again', health);
    expect(await vm.exec('cat', '/var/lib/chainctl/deadline')).toBe(deadline);
    expect(await vm.exec('systemctl', 'is-active', 'chainctl-deadline')).toBe('active');
  });

  it('is refused with another host key, and nothing is forgotten', async () => {
    await vm.exec(
      'sh',
      '-c',
      'mv /etc/ssh/ssh_host_ed25519_key /root/ && ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh',
    );
    const changed = await deploy('--service', 'b');
    expect([changed.code, changed.envelope.error.code]).toEqual([3, 'host-key-changed']);
    expect((await cli.run(['teardown', 'host', '--yes'])).code).toBe(3);
    await vm.exec('sh', '-c', 'mv /root/ssh_host_ed25519_key /etc/ssh/ && systemctl restart ssh');
  });

  it('says that its disk is full, and goes on once there is room', async () => {
    await vm.exec(
      'sh',
      '-c',
      'cp -a /opt/chainctl /root/kept && mount -t tmpfs -o size=48k none /opt/chainctl && cp -a /root/kept/stacks /opt/chainctl/',
    );
    const full = await deploy('--service', 'b', '--model', 'tinyllama');
    expect([full.code, full.envelope.error.code]).toEqual([3, 'host-disk-full']);
    await vm.exec('umount', '/opt/chainctl');
    expect((await deploy('--service', 'b', '--model', 'tinyllama')).code).toBe(0);
  });

  it('shows the log of an engine that does not start', async () => {
    const recipe = 'FROM node:26-bookworm-slim\nCMD ["bash", "-c", "sleep 3; echo out of order; exit 7"]';
    await vm.exec('sh', '-c', `echo '${recipe}' | docker build --quiet --tag chainctl-lab-broken:1 -`);
    const { code, envelope } = await deploy('--service', 'a', '--ollama-image', 'chainctl-lab-broken:1');
    expect([code, envelope.error.code]).toEqual([5, 'engine-not-ready']);
    expect(envelope.error.message).toContain('  | out of order');
  });

  it('has nothing of the stack left after a teardown without the state file', async () => {
    await rm(join(cli.home, 'stacks', 'default', 'state.json'));
    const { code, envelope } = await cli.jsonHere(['teardown', 'host', '--yes']);
    expect(code).toBe(0);
    expect(envelope.result.targets[0].removed).toContain('service-b');
    expect(await containers()).toEqual(new Map());
    expect(await vm.exec('docker', 'volume', 'ls', '--quiet')).toBe('');
    expect(await vm.exec('sh', '-c', 'ls /opt')).not.toContain('chainctl');
  });

  it('had no key in what was recorded', async () => {
    const audit = await readFile(join(cli.home, 'stacks', 'default', 'audit.jsonl'), 'utf8');
    const [, firstLine = ''] = machine.privateKey.split('\n');
    expect(audit).not.toContain(firstLine);
  });
});
