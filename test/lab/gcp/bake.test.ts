import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContainerMachines, containerMachines } from '../../../lab/gcp/container-machines.ts';
import { type Gcp, startGcp } from '../../../lab/gcp/gcp.ts';
import { haproxyBalancers } from '../../../lab/gcp/haproxy-balancers.ts';
import { Session } from '../../../lab/session.ts';
import { run } from '../../../lab/shell.ts';
import { labObstacle } from '../../../lab/support.ts';
import { prepareVmHost } from '../../../lab/vms.ts';
import type { Event } from '../../../src/events.ts';
import { HostSessions } from '../../../src/services/machine/sessions.ts';
import { loadHostTemplates } from '../../../src/services/machine/templates.ts';
import { secretPath } from '../../../src/services/stack/secrets.ts';
import { bootOf } from '../../../src/services/targets/gcp/boot/boot.ts';
import type { GcpRequest } from '../../../src/services/targets/gcp/request.ts';
import { listVms, sshCommandB } from '../../../src/services/targets/gcp/vms.ts';
import type { GcpDeps } from '../../integration/gcp/gcp-stack.ts';
import { GcpStack } from '../../integration/gcp/gcp-stack.ts';
import { Cli } from '../../support/cli.ts';
import { until } from '../../support/until.ts';

const obstacle = await labObstacle(true);
const folderOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

const TOKEN = 'sentinel-token-0123456789abcdef';
const PROMPT = 'The same sentence until it is long enough for service B to accept it. '.repeat(20);
/** The last that is removed from a builder. */
const SHUT_OUT = 'rm -f /home/ubuntu/.ssh/authorized_keys /etc/ssh/ssh_host_*';
/** Machines in the lab boot in seconds, and a second of Compute Engine lasts this long. */
const SECOND_MS = 100;

describe.skipIf(obstacle)(`what VMs of the group boot from${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let session: Session;
  let machines: ContainerMachines;
  let gcp: Gcp;
  let stack: GcpStack;
  let deps: Partial<GcpDeps>;
  let cli: Cli;
  const sessions = new HostSessions();

  beforeAll(async () => {
    session = await Session.open();
    machines = await containerMachines(session, await prepareVmHost(session));
    gcp = await startGcp({ machines, balancers: haproxyBalancers(session), timings: { secondMs: SECOND_MS } });
    stack = await GcpStack.open(gcp);
    cli = await Cli.open();
    const templates = await loadHostTemplates(folderOf('templates'), folderOf('dist/templates'));
    const { compute } = stack.deps;
    deps = {
      boot: (input) => bootOf(input, { compute, paths: stack.paths, templates, sessions }),
      token: async () => TOKEN,
    };
  });
  afterAll(async () => {
    await sessions.close();
    await stack?.close();
    await cli?.close();
    await gcp?.stop();
    await session?.close();
  });

  const deploy = (changes: Partial<GcpRequest>, more: Partial<GcpDeps> = {}) =>
    stack.deploy(
      { auth: 'token', readySeconds: 150, services: { b: { model: 'phi3:mini', minProcessSeconds: 0.1 } }, ...changes },
      { ...deps, ...more },
    );
  const insertsOf = (collection: string) => gcp.calls.filter(({ action }) => action === `${collection}.insert`).length;
  const ask = async (url: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${url}/invoke`, { method: 'POST', headers, body: JSON.stringify({ prompt: PROMPT }) });
    return [answer.status, (await answer.json()) as { readonly host: string }] as const;
  };

  let url: string;

  it('without an image: a VM gets everything from its metadata, and serves', async () => {
    const deployment = await deploy({ bake: false });
    url = deployment.endpoints.b ?? '';
    const [vm] = await listVms(stack.deps.compute, 'test', stack.deps.signal);
    expect(await ask(url)).toMatchObject([200, { host: vm?.name }]);
    expect(await machines.get(vm?.address ?? '').consoleOutput()).toMatch(/chainctl-boot: ready: after \d+ s/);
    expect((await fetch(`${url}/invoke`, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it('lets the operator log in and read logs, and nobody else', async () => {
    const [vm] = await listVms(stack.deps.compute, 'test', stack.deps.signal);
    const env = { ...gcp.env, CHAINCTL_HOME: stack.home };
    const chainctl = (...args: string[]) => cli.run([...args, '--stack', 'test'], { env });
    const remote = (...words: string[]) => cli.run(['ssh', 'b', '--stack', 'test', '--', ...words], { env });
    expect((await chainctl('ssh', 'b', '--list')).stdout).toContain(`${vm?.address}`);
    expect(await remote('hostname')).toMatchObject({ code: 0, stdout: `${vm?.name}\n` });
    expect(await remote('exit', '7')).toMatchObject({ code: 7 });
    expect(await chainctl('ssh', 'b', 'nobody')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(vm?.name ?? '-'),
    });
    const log = await chainctl('logs', 'b', '--requests', '--lines', '1');
    expect(JSON.parse(log.stdout)).toMatchObject({ service: 'b' });
    expect((await chainctl('logs', 'b')).stdout).toContain('service-b: listening');

    const { compute } = stack.deps;
    const words = await sshCommandB(vm as never, { compute, paths: stack.paths, request: undefined, service: 'b' });
    const stranger = words.map((word) => (word === secretPath(stack.paths, 'ssh-key') ? '/dev/null' : word));
    await expect(run('ssh', ['-o', 'BatchMode=yes', ...stranger, 'true'])).rejects.toThrow(/denied/);
  });

  it('says of a VM on which it does not start why, long before the time is over', async () => {
    const broken = await GcpStack.open(gcp, 'broken');
    try {
      const { compute } = broken.deps;
      const templates = await loadHostTemplates(folderOf('templates'), folderOf('dist/templates'));
      const boot: GcpDeps['boot'] = (input) => bootOf(input, { compute, paths: broken.paths, templates, sessions });
      const request = { bake: false, ollamaImage: 'Not/An:Image', readySeconds: 150 };
      await expect(broken.deploy(request, { boot })).rejects.toMatchObject({
        code: 'gcp-boot-failed',
        exit: 5,
        message: expect.stringMatching(
          /does not start on chainctl-broken-\S+: starting the engine: Not\/An:Image could not be pulled: /,
        ),
      });
      expect((await broken.teardown()).leftovers).toEqual([]);
    } finally {
      await broken.close();
    }
  });

  it('bakes beside the group that serves, and goes on where it was killed', { timeout: 400_000 }, async () => {
    const builder = async () => {
      const vms = await listVms(stack.deps.compute, 'test', stack.deps.signal);
      return machines.get(vms.at(-1)?.address ?? '');
    };
    const sealing = /^removing what only this VM may know/;
    const killedAt = [/^the engine does not answer|^starting the service/, sealing, /^making an image of/];
    for (const moment of killedAt) {
      const killed = new AbortController();
      const emit = (event: Event) => {
        if (event.type === 'step-waiting' && moment.test(event.reason)) killed.abort(new Error('killed'));
      };
      await expect(deploy({ bake: true }, { emit, signal: killed.signal })).rejects.toThrow();
      expect(killed.signal.aborted).toBe(true);
      expect((await ask(url))[0]).toBe(200);
      // As it is when the connection breaks near the end of the sealing.
      if (moment === sealing) await (await builder()).exec('sh', '-c', `cloud-init clean; ${SHUT_OUT}`);
    }
    expect(gcp.count()).toMatchObject({ instanceGroupManagers: 1 });
    await deploy({ bake: true });
    expect((await ask(url))[0]).toBe(200);
    expect(insertsOf('images')).toBe(1);
    // The VM of the group that is gone, that of the one that is there, and no builder.
    expect(gcp.count()).toMatchObject({ images: 1, instances: 1, instanceTemplates: 1 });
  });

  it('serves within seconds of the boot of a VM made from it', async () => {
    const [vm] = await listVms(stack.deps.compute, 'test', stack.deps.signal);
    const text = await machines.get(vm?.address ?? '').consoleOutput();
    expect(Number(/chainctl-boot: ready: after (\d+) s/.exec(text)?.[1])).toBeLessThan(30);
    expect(text).not.toMatch(/chainctl-boot: (stage: pulling|pulling)/);
  });

  it('holds nothing that opens anything: neither token nor keys', async () => {
    const [{ name } = {}] = await stack.deps.compute.read('images.list', {}, stack.deps.signal);
    const machine = await machines.boot({ id: '999', name: 'reader', zone: 'z', image: name ?? '', metadata: {} });
    const booted = async () => /chainctl-boot: nothing to do/.test(await machine.consoleOutput());
    await until('the boot finds nothing to do', booted, { lastReason: () => machine.consoleOutput() });
    const secrets = await Promise.all(
      ['ssh-key', 'host-key-b', 'ssh-key.pub'].map(async (each) => {
        const text = await readFile(secretPath(stack.paths, each), 'utf8');
        return each.endsWith('.pub') ? (text.split(' ')[1] ?? '') : (text.split('\n')[3] ?? '');
      }),
    );
    for (const secret of [TOKEN, ...secrets]) {
      expect(secret.length).toBeGreaterThan(20);
      const search = `grep -rslF -e '${secret}' / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev || true`;
      expect(await machine.exec('sh', '-c', search)).toBe('');
    }
    expect(await machine.exec('sh', '-c', 'docker ps --all --quiet')).toBe('');
    await machine.remove();
  });

  it('is made once for its content: other settings take it as it is', async () => {
    const bakes = insertsOf('images');
    await deploy({ bake: true, auth: 'none' }, { token: async () => undefined });
    expect((await fetch(`${url}/invoke`, { method: 'POST', body: '{}' })).status).toBe(400);
    expect(insertsOf('images')).toBe(bakes);
  });

  it('is gone after a teardown without the state file, and so is a builder', async () => {
    const killed = new AbortController();
    const emit = (event: Event) => {
      if (event.type === 'step-waiting' && /^waiting for cloud-init/.test(event.reason))
        killed.abort(new Error('killed'));
    };
    await expect(
      deploy(
        { bake: true, services: { b: { model: 'tinyllama', minProcessSeconds: 0.1 } } },
        { emit, signal: killed.signal },
      ),
    ).rejects.toThrow();
    expect(gcp.count()).toMatchObject({ images: 1, instances: 2 });
    await stack.loseState();
    expect((await stack.teardown(deps)).leftovers).toEqual([]);
    expect(Object.values(gcp.count()).every((count) => count === 0)).toBe(true);
    expect(gcp.problems).toEqual([]);
  });
});
