import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { Journal } from '../../../src/services/stack/journal.ts';
import { readState } from '../../../src/services/stack/state.ts';

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
    const journal = await Journal.open(path, 'demo', 'local', clock);
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

  it('keeps parallel writes in order', async () => {
    const journal = await Journal.open(path, 'demo', 'local', clock);
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
    await (await Journal.open(path, 'demo', 'local', clock)).record('a', undefined);
    await writeFile(path, text);
    await expect(readState(path)).rejects.toMatchObject({
      exit: ExitCode.configuration,
      message: expect.stringMatching(message),
    });
    await expect(Journal.open(path, 'demo', 'local', clock)).rejects.toThrow();
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
