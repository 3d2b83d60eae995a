import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { HostSessions } from '../../../src/services/machine/sessions.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import type { Connection, Site } from '../../../src/services/stack/provider.ts';
import { writePins } from '../../../src/services/targets/host/pins.ts';
import { host } from '../../../src/services/targets/host/provider.ts';
import { hostTarget } from '../../../src/services/targets/host/target.ts';
import { BOOT } from './templates.ts';

let home: string;
let paths: StackPaths;
let connection: Connection;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chainctl-host-'));
  paths = stackPaths(home, 'demo');
  const operator = { clock: systemClock, env: {}, templates: home, bundles: home } as unknown as Site['operator'];
  const { signal } = new AbortController();
  connection = await host.connect({ paths, flags: {}, record: undefined, operator, signal });
});
afterEach(async () => {
  await connection.close();
  await rm(home, { recursive: true, force: true });
});

const machine = { user: 'ubuntu', address: '192.0.2.10', port: 2222 };

it('logs in with the key that was named, and trusts the pinned host key alone', async () => {
  await writePins(paths, { a: { ...machine, hostKey: 'ssh-rsa AAAAB3', identity: '/keys/id' } });
  const known = join(paths.folder, 'known_hosts-a');
  expect(await connection.shell?.('a', undefined)).toEqual([
    ...['ssh', '-i', '/keys/id', '-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile="${known}"`],
    ...['-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', 'HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256', '-o', 'HostKeyAlias=chainctl-demo-a'],
    ...['-p', '2222', 'ubuntu@192.0.2.10'],
  ]);
  expect(await readFile(known, 'utf8')).toBe('chainctl-demo-a ssh-rsa AAAAB3\n');
});

it('leaves the key to the agent where none was named, and says where there is no machine', async () => {
  await writePins(paths, { b: { ...machine, hostKey: 'ssh-ed25519 AAAAC3' } });
  expect((await connection.shell?.('b', undefined))?.slice(0, 2)).toEqual(['ssh', '-o']);
  await expect(connection.shell?.('a', undefined)).rejects.toMatchObject({
    message: 'stack demo has no machine of service A whose host key is pinned here',
    nextSteps: ['see where it is: chainctl status --stack demo'],
  });
});

it('takes nothing away that another service of the stack has, on the same machine or on another', async () => {
  const pin = { ...machine, hostKey: 'ssh-ed25519 AAAAC3' };
  const deps = {
    stack: 'demo',
    templates: { boot: BOOT, services: {} },
    sessions: new HostSessions(),
    agent: undefined,
  };
  const concernsOfA = hostTarget({ a: pin, b: pin }, deps, ['a']).concerns;
  const keys = ['host-a', 'service-a', 'host-b', 'service-b'];
  expect(keys.map((key) => concernsOfA?.(key))).toEqual([true, true, false, false]);
});
