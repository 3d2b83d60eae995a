import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode, type RemedyError } from '../../../src/errors.ts';
import { readEndpoints } from '../../../src/services/stack/endpoints.ts';
import { type Journal, journalOf, openStore } from '../../../src/services/stack/journal.ts';
import type { StackPaths } from '../../../src/services/stack/paths.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { withServices } from '../../../src/services/workloads/request.ts';

let folder: string;
let path: string;
const clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: async () => {} };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-state-'));
  path = join(folder, 'stack', 'state.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('state', () => {
  it('is undefined where there is none', async () => {
    expect(await readState(path)).toBeUndefined();
  });

  it('is written 0600 in a 0700 folder and read back', async () => {
    const journal = await journalOf(await openStore(path, 'demo', clock), 'local');
    await journal.record('a', { status: 'creating', token: 't', spec: { x: 1 }, identity: {} });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'stack'))).mode & 0o777).toBe(0o700);
    expect((await readState(path))?.targets.local?.resources.a).toEqual({
      status: 'creating',
      token: 't',
      spec: { x: 1 },
      identity: {},
      since: '2026-01-01T00:00:00.000Z',
    });
  });

  it('is read back in the middle of removing what it had no record of', async () => {
    const journal = await journalOf(await openStore(path, 'demo', clock), 'local');
    await journal.record('a', { status: 'removing', token: '', spec: undefined, identity: { pid: 7 } });
    expect((await readState(path))?.targets.local?.resources.a).toMatchObject({ status: 'removing' });
  });

  it('keeps parallel writes in order', async () => {
    const journal = await journalOf(await openStore(path, 'demo', clock), 'local');
    const keys = Array.from({ length: 20 }, (_, index) => `r${index}`);
    await Promise.all(keys.map((key) => journal.record(key, { status: 'ready', token: key, spec: 0, identity: {} })));
    expect(Object.keys((await readState(path))?.targets.local?.resources ?? {}).sort()).toEqual(keys.sort());
  });

  it.each([
    ['truncated', '{"version": 1, "stack"', /it is not JSON/],
    ['not ours', '[]', /the top level|version/],
    [
      'a bad field',
      '{"version":1,"stack":"x","updatedAt":"","targets":{"local":{"resources":{"a":{"status":"odd"}}}}}',
      /targets\.local\.resources\.a\.status/,
    ],
    ['newer', '{"version": 99}', /has version 99/],
  ])('refuses a file that is %s, says where, and leaves it as it is', async (_name, text, message) => {
    await (await journalOf(await openStore(path, 'demo', clock), 'local')).record('a', undefined);
    await writeFile(path, text);
    await expect(readState(path)).rejects.toMatchObject({
      exit: ExitCode.configuration,
      message: expect.stringMatching(message),
    });
    await expect(openStore(path, 'demo', clock)).rejects.toThrow();
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});

describe('a state of an earlier version', () => {
  const OLD = {
    version: 1,
    stack: 'demo',
    updatedAt: '2025-12-31T00:00:00.000Z',
    targets: {
      local: {
        deployedAt: '2025-12-31T00:00:00.000Z',
        request: { replicas: 2 },
        endpoints: { a: 'http://127.0.0.1:8001' },
        resources: {
          a: {
            status: 'ready',
            token: 't',
            since: '2025-12-31T00:00:00.000Z',
            spec: { port: 1 },
            identity: { pid: 7 },
          },
        },
      },
    },
  };

  it('is read as it was meant, and kept in the history when it is written over', async () => {
    await mkdir(join(folder, 'stack'));
    await writeFile(path, JSON.stringify(OLD));
    expect(await readState(path)).toEqual({ ...OLD, version: 3, serial: 0 });
    const journal = await journalOf(await openStore(path, 'demo', clock), 'local');
    await journal.record('b', { status: 'ready', token: 't', spec: 0, identity: {} });
    const written = await readState(path);
    expect(written).toMatchObject({ version: 3, serial: 1 });
    expect(written?.targets.local?.resources.a).toEqual(OLD.targets.local.resources.a);
    expect(JSON.parse(await readFile(join(folder, 'stack', 'history', '000000.json'), 'utf8'))).toEqual(OLD);
  });
});

describe('a state of version 2', () => {
  const on = (request: object, endpoints: object) => ({ request, endpoints, resources: {} });
  const OLD = {
    version: 2,
    serial: 7,
    stack: 'demo',
    updatedAt: '2025-12-31T00:00:00.000Z',
    targets: {
      aws: on({ bUrl: 'http://b', modelA: 'tinyllama' }, { b: 'http://b', a: 'http://a:8001' }),
      gcp: on({ modelB: 'phi3:mini', minProcessSeconds: 2 }, { b: 'http://new-b' }),
    },
  };

  it('has endpoints only where they stand: the side of A knew the address of B, too', async () => {
    await mkdir(join(folder, 'stack'));
    await writeFile(path, JSON.stringify(OLD));
    const state = await readState(path);
    expect(state).toMatchObject({ version: 3, serial: 7 });
    expect(state?.targets.aws?.endpoints).toEqual({ a: 'http://a:8001' });
    const { urls, on: places, minProcessSeconds } = await readEndpoints({ state: path } as StackPaths);
    expect(urls).toEqual({ a: 'http://a:8001', b: 'http://new-b' });
    expect(places).toEqual({ a: 'aws', b: 'gcp' });
    expect(minProcessSeconds).toBe(2);
  });

  it('tells smoke and load of a B that somebody else runs, and nobody who logs in or deploys', async () => {
    await mkdir(join(folder, 'stack'));
    const { aws } = OLD.targets;
    await writeFile(path, JSON.stringify({ ...OLD, targets: { aws } }));
    const paths = { state: path } as StackPaths;
    expect((await readEndpoints(paths)).urls).toEqual({ a: 'http://a:8001' });
    const { urls, on: places } = await readEndpoints(paths, { linked: true });
    expect(urls).toEqual({ a: 'http://a:8001', b: 'http://b' });
    expect(places).toEqual({ a: 'aws', b: 'aws' });
    await writeFile(path, JSON.stringify(OLD));
    expect((await readEndpoints(paths, { linked: true })).urls.b).toBe('http://new-b');
  });

  it('has requests that are read by services', () => {
    expect(withServices(OLD.targets.aws.request)).toEqual({
      services: { a: { model: 'tinyllama', tuning: undefined } },
      links: { b: 'http://b' },
    });
    const local = { modelA: 'x', modelB: 'y', minProcessSeconds: 0, portA: 1, portB: 2, tuning: { b: { numCtx: 9 } } };
    expect(withServices(local)).toEqual({
      services: {
        a: { model: 'x', tuning: undefined },
        b: { model: 'y', minProcessSeconds: 0, tuning: { numCtx: 9 } },
      },
      ports: { a: 1, b: 2 },
    });
    expect(withServices({ b: { model: 'z' } })).toEqual({ services: { b: { model: 'z' } } });
  });
});

describe('the history', () => {
  const versions = () => readdir(join(folder, 'stack', 'history'));
  const write = async (journal: Journal, times: number) => {
    for (let n = 0; n < times; n++)
      await journal.record('a', { status: 'ready', token: `t${n}`, spec: n, identity: {} });
  };

  it('keeps the last 20 versions, 0600, and counts on when the file is lost', async () => {
    await write(await journalOf(await openStore(path, 'demo', clock), 'local'), 25);
    expect(await versions()).toHaveLength(20);
    expect((await versions()).at(-1)).toBe('000024.json');
    const kept = join(folder, 'stack', 'history', '000024.json');
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect((await readState(kept))?.targets.local?.resources.a?.spec).toBe(23);
    await rm(path);
    await write(await journalOf(await openStore(path, 'demo', clock), 'local'), 2);
    expect((await versions()).at(-1)).toBe('000025.json');
  });

  it('is named by the error of a damaged file: the newest version that is sound', async () => {
    await write(await journalOf(await openStore(path, 'demo', clock), 'local'), 4);
    const kept = (serial: string) => join(folder, 'stack', 'history', `${serial}.json`);
    await writeFile(kept('000003'), '{');
    await writeFile(path, '{"version":');
    await expect(readState(path)).rejects.toMatchObject({
      code: 'state-corrupt',
      nextSteps: expect.arrayContaining([expect.stringContaining(`cp ${kept('000002')} ${path}`)]),
    });
  });
});

describe('the error of a damaged file', () => {
  it('has commands that can be pasted, also where the folder has a space in its name', async () => {
    const spaced = join(folder, 'my stacks', 'state.json');
    const journal = journalOf(await openStore(spaced, 'demo', clock), 'local');
    await journal.record('a', { status: 'ready', token: 't', spec: 0, identity: {} });
    await journal.record('a', { status: 'ready', token: 't', spec: 1, identity: {} });
    await writeFile(spaced, '{');
    const error: unknown = await readState(spaced).catch((each: unknown) => each);
    const { nextSteps } = error as RemedyError;
    const commands = nextSteps.flatMap((step) => /: ((?:cp|mv) .*)/.exec(step)?.[1] ?? []);
    expect(commands).toHaveLength(2);
    for (const command of commands.toReversed()) execFileSync('sh', ['-c', command]);
    expect(await readState(spaced)).toMatchObject({ serial: 1 });
  });

  it('names the place whose record is none', async () => {
    await mkdir(join(folder, 'stack'));
    await writeFile(
      path,
      JSON.stringify({ version: 2, serial: 1, stack: 'demo', updatedAt: '', targets: { aws: null } }),
    );
    await expect(readState(path)).rejects.toThrow('targets.aws: Invalid input: expected object, received null');
  });
});

describe('a store', () => {
  it('lets two targets be written at the same time without losing either', async () => {
    const store = await openStore(path, 'demo', clock);
    const journals = ['aws', 'gcp'].map((target) => journalOf(store, target));
    const record = { status: 'ready', token: 't', spec: 0, identity: {} } as const;
    await Promise.all(journals.flatMap((journal) => [1, 2, 3].map((n) => journal.record(`r${n}`, record))));
    const state = await readState(path);
    expect(Object.keys(state?.targets.aws?.resources ?? {})).toEqual(['r1', 'r2', 'r3']);
    expect(Object.keys(state?.targets.gcp?.resources ?? {})).toEqual(['r1', 'r2', 'r3']);
    expect(state?.serial).toBe(6);
  });

  it('writes nothing once it may not', async () => {
    let mine = true;
    const beforeWrite = async () => {
      if (!mine) throw new Error('lost');
    };
    const journal = await journalOf(await openStore(path, 'demo', clock, { beforeWrite }), 'local');
    await journal.record('a', { status: 'ready', token: 't', spec: 0, identity: {} });
    const before = await readFile(path, 'utf8');
    mine = false;
    await expect(journal.forget()).rejects.toThrow('lost');
    expect(await readFile(path, 'utf8')).toBe(before);
  });
});
