import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { LABEL } from '../../cache.ts';
import type { ContainerMachine } from '../../gcp/container-machine.ts';
import { type ContainerMachines, containerMachines } from '../../gcp/container-machines.ts';
import { labDocker } from '../../images.ts';
import { Session } from '../../session.ts';
import { run } from '../../shell.ts';
import { labObstacle } from '../../support.ts';
import { prepareVmHost } from '../../vms.ts';

const obstacle = await labObstacle(true);

const ENGINE = 11_434;
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtest';
/** What a builder gets: an engine with a model in a volume, which comes back with every boot. */
const STARTUP = `#!/bin/bash
echo "boot of $(hostname)"
echo boot >> /root/boots
until docker info > /dev/null 2>&1; do sleep 0.1; done
docker inspect engine > /dev/null 2>&1 || docker run --detach --name engine --restart always \\
  --publish ${ENGINE}:11434 --volume models:/root/.ollama ollama/ollama:latest
`;

/** When the engine's container was made. */
const MADE = "docker inspect --format '{{.Created}}' engine";

describe.skipIf(obstacle)(`the lab's instances of Compute Engine${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let session: Session;
  let machines: ContainerMachines;
  let builder: ContainerMachine;
  let fromImage: ContainerMachine;
  let engineMade: string;

  beforeAll(async () => {
    session = await Session.open();
    machines = await containerMachines(session, await prepareVmHost(session));
  });
  afterAll(async () => {
    await machines?.close();
    await session?.close();
  });

  const boot = (id: string, name: string, metadata: Record<string, string> = {}, image?: string) =>
    machines.boot({ id, name, zone: 'europe-west3-c', metadata, image });
  const sh = (machine: ContainerMachine, command: string) => machine.exec('bash', '-c', command);
  const models = async ({ address }: ContainerMachine) => {
    const signal = AbortSignal.timeout(1000);
    const answer = await (await fetch(`http://${address}:${ENGINE}/api/tags`, { signal })).json();
    return (answer as { models: { name: string }[] }).models.map(({ name }) => name);
  };
  const serves = (machine: ContainerMachine) =>
    until(`the engine of ${machine.address} answers`, async () => Array.isArray(await models(machine)));
  const metadata = (path: string) =>
    `curl -s -H 'Metadata-Flavor: Google' 'http://metadata.google.internal/computeMetadata/v1/${path}'`;

  it('boot with their user-data, startup-script and accounts', async () => {
    builder = await boot('9001', 'builder', {
      'user-data': '#cloud-config\nruncmd: ["echo first >> /root/first-boots"]',
      'startup-script': STARTUP,
      'ssh-keys': `ada:${KEY} ada@example.org\nbob:${KEY} bob`,
      token: 'a\nb',
    });
    await serves(builder);
    engineMade = await sh(builder, MADE);
    await sh(builder, 'cloud-init status --wait');
    expect(await sh(builder, 'hostname; cat /root/first-boots /root/boots')).toBe('builder\nfirst\nboot');
    expect(await sh(builder, 'su - ada -c "sudo whoami; cat .ssh/authorized_keys"')).toBe(
      `root\n# Added by Google\n${KEY} ada@example.org`,
    );
    expect(await builder.consoleOutput()).toContain('startup-script: boot of builder');
  });

  it('read their metadata as on Google’s machines', async () => {
    expect(await sh(builder, metadata('instance/attributes/token'))).toBe('a\nb');
    expect(await sh(builder, metadata('instance/attributes/'))).toBe('user-data\nstartup-script\nssh-keys\ntoken');
    expect(await sh(builder, metadata('instance/hostname'))).toBe('builder.europe-west3-c.c.chainctl-lab.internal');
    expect(await sh(builder, metadata('instance/zone'))).toBe('projects/123456789012/zones/europe-west3-c');
    const all = JSON.parse(await sh(builder, metadata('instance/?recursive=true')));
    expect(all).toMatchObject({ id: '9001', name: 'builder', attributes: { token: 'a\nb' } });
    expect(all.networkInterfaces[0].accessConfigs[0].externalIp).toBe(builder.address);
    const status = (more: string) => `curl -s -o /dev/null -w '%{http_code}' ${more}`;
    const id = 'http://169.254.169.254/computeMetadata/v1/instance/id';
    expect(await sh(builder, status(id))).toBe('403');
    expect(await sh(builder, status(`-H Metadata-Flavor:Google ${id}`))).toBe('200');
    expect(await sh(builder, status(`-H Metadata-Flavor:Google ${id}x`))).toBe('404');
    expect(
      await sh(
        builder,
        `docker run --rm node:26-bookworm-slim node -p "
      fetch('${id}', { headers: { 'Metadata-Flavor': 'Google' } }).then((r) => r.text()).then(console.log), ''"`,
      ),
    ).toContain('9001');
  });

  it('tell how much CPU they use, also in their containers', async () => {
    const before = await builder.cpuSeconds();
    expect(before).toBeGreaterThan(0.5);
    await sh(builder, 'docker exec engine node -e "while (process.cpuUsage().user < 6e5);"');
    expect((await builder.cpuSeconds()) - before).toBeGreaterThan(0.5);
  });

  it('run their startup-script again at each boot, and their user-data not', async () => {
    await builder.reset();
    await serves(builder);
    await until('a second boot', async () => (await sh(builder, 'cat /root/boots | wc -l')) === '2');
    await sh(builder, 'cloud-init status --wait; docker exec engine ollama pull tinyllama');
    expect(await sh(builder, 'cat /root/first-boots')).toBe('first');
  });

  it('leave an image of their disk when they are stopped', async () => {
    await expect(machines.makeImage('baked', builder)).rejects.toThrow('stop the instance first');
    await builder.stop();
    expect([builder.running(), await builder.cpuSeconds()]).toEqual([false, 0]);
    await machines.makeImage('baked', builder);
  });

  it('boot from an image as another machine, with what was in it, and nothing to make', async () => {
    fromImage = await boot(
      '9002',
      'b-x7k2',
      { 'user-data': '#cloud-config\nruncmd: ["echo again >> /root/first-boots"]' },
      'baked',
    );
    await serves(fromImage);
    expect(await sh(fromImage, MADE)).toBe(engineMade);
    expect(await models(fromImage)).toEqual(['tinyllama:latest']);
    await sh(fromImage, 'cloud-init status --wait');
    expect(await sh(fromImage, 'hostname; cat /root/first-boots')).toBe('b-x7k2\nfirst\nagain');
    // Keys that the builder's metadata had open nothing here.
    expect(await sh(fromImage, 'ls /home/ada/.ssh')).toBe('');
  });

  it('share nothing with the machine that the image is of, nor with each other', async () => {
    await builder.start();
    const other = await boot('9003', 'b-p3q9', {}, 'baked');
    const all = [builder, fromImage, other];
    await Promise.all(all.map(serves));
    for (const file of ['/etc/machine-id', '/etc/ssh/ssh_host_ed25519_key.pub']) {
      const seen = await Promise.all(all.map((machine) => sh(machine, `cat ${file}`)));
      expect(new Set(seen).size, file).toBe(3);
    }
    const write = (machine: ContainerMachine) =>
      sh(machine, 'docker exec engine sh -c "hostname >> /root/.ollama/mine; hostname >> /usr/lib/ollama/mine"');
    await sh(other, 'docker exec engine ollama pull phi3:mini');
    for (const machine of all) await write(machine);
    for (const machine of all) {
      const lines = await sh(machine, 'docker exec engine sh -c "cat /root/.ollama/mine /usr/lib/ollama/mine | wc -l"');
      expect(lines).toBe('2');
    }
    expect(await models(fromImage)).toEqual(['tinyllama:latest']);
    await builder.remove();
    await machines.removeImage('baked');
    await expect(boot('9004', 'b-late', {}, 'baked')).rejects.toThrow('no image baked: there are none');
    expect((await models(other)).sort()).toEqual(['phi3:mini', 'tinyllama:latest']);
    await other.remove();
  });

  it('are off when they turn themselves off, are killed, or have run for as long as they may', async () => {
    await sh(fromImage, 'shutdown -P now').catch(() => {});
    await until('the machine is off', () => !fromImage.running());
    await fromImage.start();
    expect(fromImage.running()).toBe(true);
    await labDocker().docker('kill', `${LABEL}-${session.id}-9002`);
    await until('the machine is off', () => !fromImage.running());
    const brief = await machines.boot({ id: '9005', name: 'brief', zone: 'z', metadata: {}, maxRunSeconds: 0.5 });
    await until('its time is up', () => !brief.running());
  });

  it('go with the next lab when the one that made them was killed, and so do images and load balancers', async () => {
    const script = `
      import { Session } from ${JSON.stringify(new URL('../../session.ts', import.meta.url).href)};
      import { prepareVmHost } from ${JSON.stringify(new URL('../../vms.ts', import.meta.url).href)};
      import { containerMachines } from ${JSON.stringify(new URL('../../gcp/container-machines.ts', import.meta.url).href)};
      import { haproxyBalancers } from ${JSON.stringify(new URL('../../gcp/haproxy-balancers.ts', import.meta.url).href)};
      const session = await Session.open();
      const machines = await containerMachines(session, await prepareVmHost(session));
      const machine = await machines.boot({ id: '1', name: 'left', zone: 'z', metadata: {} });
      // Before systemd listens, a stop takes until it is forced.
      const { until } = await import(${JSON.stringify(new URL('../../../test/support/until.ts', import.meta.url).href)});
      await until('the machine is up', () => machine.exec('systemctl', 'is-active', '--quiet', 'multi-user.target').then(() => true));
      await machine.stop();
      await machines.makeImage('left', machine);
      const check = { path: '/', port: 80, intervalMs: 1000, timeoutMs: 1000, healthyThreshold: 1, unhealthyThreshold: 1 };
      const balancers = haproxyBalancers(session);
      const address = balancers.newAddress();
      await balancers.put({ name: 'left', address, port: 80, backends: [], check, timeoutSeconds: 1 });
      console.error('lab', session.id, address);
      process.kill(process.pid, 'SIGKILL');
    `;
    const said = await run(process.execPath, ['--input-type=module', '--eval', script]).catch(String);
    const [, id, address] = /SIGKILL.*lab (\w+) (\S+)/s.exec(said) ?? [];
    const left = (...what: string[]) => labDocker().docker(...what, '--quiet', '--filter', `label=${LABEL}=${id}`);
    expect(await left('ps', '--all')).toMatch(/^\w+$/);
    expect(await left('images')).toMatch(/^\w+$/);
    expect((await fetch(`http://${address}/`)).status).toBe(502);
    await (await Session.open()).close();
    // Not by a request: without the lab's network it would leave the machine.
    await until('nothing of it runs', async () => !(await run('ps', ['-eo', 'args'])).includes(`labs/${id}/`));
    expect(await run('ip', ['-oneline', 'address'])).not.toContain(`${address}/`);
    expect([await left('ps', '--all'), await left('images')]).toEqual(['', '']);
  });
});
