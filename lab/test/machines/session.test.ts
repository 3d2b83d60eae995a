import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { cacheFolder, LABEL } from '../../cache.ts';
import { labDocker } from '../../images.ts';
import { startLab } from '../../lab.ts';
import { run } from '../../shell.ts';
import { ensureCloudTools, labObstacle } from '../../support.ts';

const obstacle = await labObstacle(true);
const MAIN = new URL('../../main.ts', import.meta.url).pathname;

describe.skipIf(obstacle)(`several labs${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  // The images may have to be built first, which takes longer than a test may.
  beforeAll(async () => (await startLab({ vms: true })).stop());

  const start = async () => {
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await until('the lab is up', () => text.includes('Ctrl-C stops the lab'), {
      deadlineMs: 120_000,
      lastReason: () => text,
      hopeless: () => (child.exitCode === null ? undefined : text),
    });
    const env = Object.fromEntries([...text.matchAll(/export (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    const [, b] = /--b-url (\S+)/.exec(text) ?? [];
    return { child, b, env: env as Record<string, string> };
  };

  const boot = async (env: Record<string, string>) => {
    const { aws } = await ensureCloudTools();
    const launch = ['run-instances', '--image-id', 'ami-0c1ab24041202601a', '--instance-type', 't3.large'];
    const id = await run(aws, ['ec2', ...launch, '--query', 'Instances[0].InstanceId', '--output', 'text'], { env });
    await run(aws, ['ec2', 'wait', 'instance-running', '--instance-ids', id], { env });
    return id;
  };

  const containers = () => labDocker().docker('ps', '--all', '--format', '{{.Names}}', '--filter', `label=${LABEL}`);

  it('run side by side, and one started later removes what one that was killed has left', async () => {
    const killed = await start();
    const id = await boot(killed.env);
    expect(await containers()).toContain(id);
    const other = await startLab({ vms: true });
    expect(await containers()).toContain(id);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    const next = await startLab();
    expect(await containers()).not.toContain(id);
    await expect(fetch(killed.env.AWS_ENDPOINT_URL_EC2 as string)).rejects.toThrow();
    await expect
      .poll(() =>
        fetch(`${killed.b}/health`).then(
          () => 'answers',
          () => 'gone',
        ),
      )
      .toBe('gone');
    await next.stop();
    await other.stop();
  });

  it('are not disturbed by one that ended together with its Docker, of which nothing is written down', async () => {
    const docker = (...args: string[]) => labDocker().docker(...args);
    const keeper = await startLab({ vms: true });
    const forgotten = ['--label', `${LABEL}=f0f0f0`];
    const [subnet, bridge] = ['10.87.0.0/23', 'chainlab-0'];
    const place = ['--subnet', subnet, '--opt', `com.docker.network.bridge.name=${bridge}`];
    await docker('network', 'create', '--internal', ...place, ...forgotten, 'forgotten');
    const image = (await docker('images', '--quiet', `${LABEL}/vm`)).split('\n')[0] as string;
    await docker('create', '--network', 'forgotten', ...forgotten, image);
    const next = await startLab({ vms: true });
    expect(await docker('network', 'ls', '--quiet', '--filter', 'name=forgotten')).toBe('');
    expect(await docker('ps', '--all', '--quiet', '--filter', `label=${LABEL}=f0f0f0`)).toBe('');
    expect(await docker('network', 'ls', '--quiet', '--filter', `label=${LABEL}=${basename(keeper.folder)}`)).not.toBe(
      '',
    );
    await next.stop();
    await keeper.stop();
  });

  it('stop with Ctrl-C, and the last one stops Docker', async () => {
    const { child, env } = await start();
    await boot(env);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(env.CHAINCTL_HOME as string)).toBe(false);
    // Somebody else's lab on this machine keeps it running.
    const others = await readdir(join(cacheFolder(), 'labs'));
    expect(await labDocker().isRunning()).toBe(others.length > 0);
  });
});
