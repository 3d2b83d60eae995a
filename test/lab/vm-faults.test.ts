import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { type SimulatedB, startSimulatedB } from '../../lab/simulated-b.ts';
import { labObstacle } from '../../lab/support.ts';
import { actions, NOTHING, ONE, reasons, Stacks, sentence, started } from '../support/lab/stacks.ts';

const obstacle = await labObstacle(true);

/** Everything that is done to one VM, one trouble after another: a VM takes longer to make than to spoil and mend. */
describe.skipIf(obstacle)(`a VM in trouble${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: Lab;
  let b: SimulatedB;
  let stacks: Stacks;
  let model = 0;

  beforeAll(async () => {
    lab = await startLab({ vms: true });
    b = await startSimulatedB({ address: lab.gateway, addChild: lab.addChild });
    stacks = await Stacks.open(lab, b.url);
  });
  afterAll(async () => {
    await stacks?.close();
    await b?.stop();
    await lab?.stop();
  });

  const inVm = (script: string) => lab.vms.only().exec('sh', '-c', script);
  /** A change that replaces the service's container. */
  const change = () => ['--model-a', `model-${++model}`];
  const runs = async () => (await inVm('docker ps --format "{{.Names}}"')).trim().split('\n').length;

  it('Ctrl-C while the VM boots: answered at once, says what costs money, and the next deploy goes on', async () => {
    let answered: boolean | undefined;
    let stopping = false;
    const stopped = await stacks.deploy('one', [], (event, running) => {
      if (started(event, 'host-a')) {
        running.kill('SIGINT');
        answered = stopping;
      }
      if (event.type === 'note' && event.text.startsWith('Stopping')) stopping = true;
    });
    expect(sentence(stopped)).toMatchObject({ exit: 130, error: 'interrupted' });
    expect(answered).toBe(true);
    expect(stopped.warnings.join()).toMatch(/still there:.*instance-a id i-\w+.*USD\/h.*teardown aws --stack one/s);
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('a Docker that cannot be installed: exit 5 with the reason, and the next deploy goes on', async () => {
    const away = 'for f in docker apt-get; do mv /usr/bin/$f /usr/bin/$f.away; done';
    const broken =
      '#!/bin/sh\\ncase "$*" in *install*) echo "E: Unable to locate package docker.io" >&2; exit 100;; esac\\n';
    // Not before the first boot is done with it: what is to fail is what chainctl does.
    await lab.vms.only().sshReady();
    await inVm(
      `cloud-init status --wait >/dev/null; ${away}; printf '${broken}' >/usr/bin/apt-get; chmod +x /usr/bin/apt-get`,
    );
    const failed = await stacks.deploy('one');
    expect(sentence(failed)).toEqual({
      exit: 5,
      error: 'docker-install',
      says: expect.stringMatching(/Docker could not be installed on ubuntu@.*Unable to locate package/s),
      next: expect.stringContaining('by hand'),
    });
    await inVm('for f in docker apt-get; do mv /usr/bin/$f.away /usr/bin/$f; done');
    // A machine that is only half set up can be looked into, too.
    expect((await stacks.run(['logs', 'a', '--stack', 'one'])).code).toBe(0);
    const deployed = await stacks.deploy('one');
    expect([deployed.code, deployed.stderr.includes('"step-failed"')]).toEqual([0, false]);
    expect(actions(deployed)).toMatchObject({ 'instance-a': 'unchanged', 'service-a': 'create' });
    expect(await lab.countPlainly()).toEqual(ONE);
    expect(await runs()).toBe(2);
  });

  it('SSH refused for a while: waited for, and the VM stays the same', async () => {
    await inVm('systemctl stop ssh.socket ssh 2>/dev/null; systemctl stop ssh; pkill -f "^sshd:" || true');
    let refused = false;
    const deployed = await stacks.deploy('one', change(), (event) => {
      if (refused || event.type !== 'step-waiting' || !event.reason.includes('is not reachable yet')) return;
      refused = true;
      void inVm('systemctl start ssh');
    });
    expect(refused).toBe(true);
    expect(deployed.code).toBe(0);
    expect(actions(deployed)).toMatchObject({ 'instance-a': 'unchanged' });
    expect(reasons(deployed)['service-a']).toMatch(/^may exist, but cannot be inspected: .*:22/);
  });

  it('a connection that is cut in the middle of a push: pushed again', async () => {
    // The first tar puts the real one back and cuts the connection that it was started over. It ends well after that,
    // with nothing unpacked: what it was started for must not take the place of what the second push has brought.
    const cut =
      '#!/bin/sh\\nmv -f /usr/bin/tar.real /usr/bin/tar\\ntouch /root/was-cut\\npkill -f "sshd: ubuntu"\\nsleep 2\\ntouch /root/cut-ended\\n';
    await inVm(
      `cp /usr/bin/tar /usr/bin/tar.real && printf '${cut}' >/usr/bin/tar.cut && chmod +x /usr/bin/tar.cut && mv -f /usr/bin/tar.cut /usr/bin/tar`,
    );
    const deployed = await stacks.deploy('one', change());
    expect(deployed.stderr).toMatch(/ended during pushing service A; connecting to ubuntu@\S+ again/);
    expect(deployed.code, deployed.stderr).toBe(0);
    await vi.waitFor(() => inVm('test -e /root/cut-ended && ! pgrep -f "[p]ush-"'), { timeout: 30_000, interval: 200 });
    expect(await inVm('ls -A /opt/chainctl/service-a/releases | grep -c "^.push" || true')).toBe('0');
    expect(await inVm('ls /opt/chainctl/service-a/current/')).toContain('compose.yaml');
    expect(await runs()).toBe(2);
  });

  it('a connection that is cut in the middle of a pull: goes on', async () => {
    let cuts = 0;
    const deployed = await stacks.deploy('one', ['--model-a', 'mistral'], (event) => {
      if (cuts > 0 || event.type !== 'progress' || !event.label.startsWith('mistral')) return;
      cuts++;
      void inVm('pkill -f "sshd: ubuntu"').catch(() => {});
    });
    expect(deployed.stderr).toContain('connecting to');
    expect([deployed.code, cuts]).toEqual([0, 1]);
  });

  it('a full disk: exit 3 with what to look at, and the next deploy goes on', async () => {
    await inVm(
      'cp -a /opt/chainctl /root/kept && mount -t tmpfs -o size=48k none /opt/chainctl && cp -a /root/kept/stacks /opt/chainctl/',
    );
    const wanted = change();
    expect(sentence(await stacks.deploy('one', wanted))).toEqual({
      exit: 3,
      error: 'host-disk-full',
      says: expect.stringMatching(/service-a: the disk of ubuntu@\S+ is full/),
      next: expect.stringContaining('df -h'),
    });
    await inVm('umount /opt/chainctl');
    expect((await stacks.deploy('one', wanted)).code).toBe(0);
  });

  it('another host key: refused loudly by everything that logs in, and by nothing else', async () => {
    const key = '/etc/ssh/ssh_host_ed25519_key';
    await inVm(
      `mkdir /root/keys && mv ${key} ${key}.pub /root/keys && ssh-keygen -q -t ed25519 -N "" -f ${key} && systemctl restart ssh`,
    );
    const refused = {
      exit: 3,
      error: 'host-key-changed',
      says: expect.stringMatching(
        /HOST KEY CHANGED: ubuntu@\S+.*Nothing was sent.*expected ssh-ed25519 SHA256:.*offered/s,
      ),
      next: expect.stringContaining('if you cannot explain the change, stop here'),
    };
    expect(sentence(await stacks.deploy('one', change()))).toEqual(refused);
    expect(sentence(await stacks.run(['logs', '--stack', 'one']))).toEqual(refused);
    await inVm(`mv -f /root/keys/* /etc/ssh/ && systemctl restart ssh`);
    expect((await stacks.deploy('one', change())).code).toBe(0);
    expect(await runs()).toBe(2);
  });

  it('a VM that turns itself off in the middle of a pull: exit 5, and the next deploy makes another', async () => {
    let ended = false;
    const failed = await stacks.deploy('one', ['--model-a', 'gemma2'], (event) => {
      if (ended || event.type !== 'progress' || !event.label.startsWith('gemma2')) return;
      ended = true;
      void inVm('systemctl poweroff --force --force').catch(() => {});
    });
    expect(sentence(failed)).toEqual({
      exit: 5,
      error: 'aws-terminated',
      says: expect.stringMatching(/service-a: VM i-\w+ ended by itself/),
      next: expect.stringContaining('makes a new one'),
    });
    const deployed = await stacks.deploy('one');
    expect(deployed.code).toBe(0);
    expect(actions(deployed)).toMatchObject({ 'ssh-key': 'unchanged', firewall: 'unchanged', 'instance-a': 'create' });
    expect(await lab.countPlainly()).toEqual(ONE);
  });

  it('leaves nothing', async () => {
    expect((await stacks.teardown('one')).code).toBe(0);
    expect(await lab.countPlainly()).toEqual(NOTHING);
    expect(lab.problems).toEqual([]);
  });
});
