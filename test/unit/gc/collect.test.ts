import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { examinePlaces } from '../../../src/services/doctor/places.ts';
import { findGarbage, removeAll } from '../../../src/services/gc/collect.ts';
import type { Provider, Site } from '../../../src/services/stack/provider.ts';

const { signal } = new AbortController();
const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} };

/** A cloud with one object of an unknown stack, or one that does not let anybody look. */
function cloud(name: string, configured: boolean, failure?: Error) {
  const objects = new Set(['vm']);
  const vm = {
    ...{ key: 'vm', dependsOn: [], find: async () => (objects.has('vm') ? {} : undefined), identify: () => ({}) },
    remove: async () => void objects.delete('vm'),
  };
  const provider = {
    ...{ name, title: `cloud ${name}`, isConfigured: async () => configured },
    connect: async () => ({
      async owned() {
        if (failure !== undefined) throw failure;
        return {
          where: { region: `${name}-1` },
          objects: [{ stack: 'lost', kind: 'VM', createdBy: 'me' }],
          ...{ createdBy: 'me', isHere: () => true, perHour: () => 1, decisiveKind: 'VM' },
        };
      },
      target: async () => ({ name, discover: async () => [...objects], handle: () => vm }),
      close: async () => {},
    }),
  } as unknown as Provider;
  return { provider, site: { signal } as Site };
}

test('a look at everything names the clouds that it could not look at; a cloud that was named has to be seen', async () => {
  const home = await mkdtemp(join(tmpdir(), 'chainctl-gc-'));
  const broken = cloud('closed', true, new Error('no way in'));
  const clouds = [cloud('open', true), cloud('absent', false), broken];
  const { found, unseen } = await findGarbage(home, clouds, { named: false }, { clock, signal });
  expect(found).toMatchObject([{ where: { region: 'open-1' }, garbage: [{ stack: 'lost', foreign: false }] }]);
  expect(unseen).toEqual([
    { target: 'absent', reason: 'nothing here speaks of credentials for cloud absent' },
    { target: 'closed', reason: 'no way in' },
  ]);
  await expect(findGarbage(home, [broken], { named: true }, { clock, signal })).rejects.toThrow('no way in');
  await rm(home, { recursive: true });
});

test('a place of which there is no sign is left out of an examination of everything, and named', async () => {
  const [check] = await examinePlaces([cloud('absent', false)], undefined);
  expect(check).toMatchObject({ status: 'skipped', nextSteps: ['examine it with: chainctl doctor absent'] });
  expect(await examinePlaces([cloud('absent', false)], 'other')).toEqual([]);
});

test('a cloud that fails while it is cleaned does not keep the others, and what was removed is listed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'chainctl-gc-'));
  const clouds = [cloud('open', true), cloud('broken', true), cloud('other', true)];
  const { found } = await findGarbage(home, clouds, { named: false }, { clock, signal });
  const chosen = found.flatMap((at) => at.garbage.map((garbage) => ({ at, garbage })));
  const tried: string[] = [];
  const at = chosen.map(({ at: { place, ...rest }, garbage }) => {
    const { provider } = place;
    const connect = async (site: Site) => {
      tried.push(provider.name);
      if (provider.name === 'broken') throw new Error('the connection broke');
      return provider.connect(site);
    };
    return { at: { ...rest, place: { ...place, provider: { ...provider, connect } } }, garbage };
  });
  const self = { host: 'here', user: 'me', pid: process.pid, startedAt: 'now', command: 'test' };
  const notes: string[] = [];
  const emit = (event: Event) => void (event.type === 'note' && notes.push(event.text));
  const deps = { clock, signal, self, emit, isAlive: async () => false, newToken: () => 'token' };
  await expect(removeAll(home, at, deps)).rejects.toThrow('the connection broke');
  expect(tried).toEqual(['open', 'broken', 'other']);
  expect(notes).toEqual(['removed of lost in open-1: vm', 'removed of lost in other-1: vm']);
  await expect(removeAll(home, at.slice(2), deps)).resolves.toMatchObject([
    { report: { target: 'other', leftovers: [] } },
  ]);
  await rm(home, { recursive: true });
});
