import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flagsFromFile, readConfigFile } from '../../../src/config/config-file.ts';

const option = { type: 'option' };
const SECTIONS = {
  all: { stack: option, json: { type: 'boolean' } },
  load: {
    ...{ stack: option, json: { type: 'boolean' }, preflight: { type: 'boolean', allowNo: true }, rps: option },
    ...{ slo: { type: 'option', multiple: true }, results: { type: 'option', aliases: ['out'] } },
  },
  smoke: { stack: option },
};

async function flagsOf(text: string, isUnset = (_flag: string) => true) {
  const folder = await mkdtemp(join(tmpdir(), 'chainctl-config-'));
  try {
    const path = join(folder, 'lab.yaml');
    await writeFile(path, text);
    const { settings } = await readConfigFile(path);
    const plain = settings.map(({ at, sectionAt, ...each }) => ({
      ...each,
      at: at.slice(folder.length + 1),
      sectionAt: sectionAt.slice(folder.length + 1),
    }));
    return flagsFromFile(plain, 'load', SECTIONS, isUnset);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
const argumentsOf = async (...of: Parameters<typeof flagsOf>) => (await flagsOf(...of)).map(({ argument }) => argument);

test('values as arguments: shared ones first, switches as switches, what is set already left out', async () => {
  const text = 'all:\n  stack: lab\n  json: true\nload:\n  preflight: false\n  rps: [1, 2]\nsmoke:\n  stack: x\n';
  expect(await argumentsOf(text, (flag) => flag !== 'json')).toEqual(['--stack=lab', '--no-preflight', '--rps=1,2']);
});

test('a switch without an opposite is off where the file says false', async () => {
  expect(await argumentsOf('all:\n  json: true\nload:\n  json: false\n  rps: 1\n')).toEqual(['--rps=1']);
});

test('a list is written as often as it has values where a flag may stand more than once', async () => {
  expect(await argumentsOf('load:\n  slo: [p95<2s, ok>99%]\n')).toEqual(['--slo=p95<2s', '--slo=ok>99%']);
});

test("a command's own section goes before what is said for all; an empty file and an empty section say nothing", async () => {
  expect(await argumentsOf('all:\n  stack: lab\nload:\n  stack: mine\n')).toEqual(['--stack=mine']);
  expect(await argumentsOf('')).toEqual([]);
  expect(await argumentsOf('load:\n')).toEqual([]);
});

test('an earlier name of a flag means the flag', async () => {
  expect(await flagsOf('load:\n  out: here\n')).toMatchObject([
    { name: 'results', written: 'out', argument: '--results=here', at: 'lab.yaml:2' },
  ]);
});

test.each([
  ['load:\n  rps: 1\n\n  rsp: 2\n', 'lab.yaml:4: load.rsp is not a flag of this command', 'did you mean "rps:"?'],
  ['smoke:\n  nothing: 1\n', 'lab.yaml:2: smoke.nothing is not', 'see the flags: chainctl smoke --help'],
  ['load:\n  json: maybe\n', 'lab.yaml:2: load.json is a switch', 'write true or false'],
  ['laod:\n  rps: 1\n', 'lab.yaml:1: there is no command "laod"', 'did you mean "load:"?'],
  ['all:\n  rps: 1\n', 'lab.yaml:2: all.rps is not a flag of every command', 'see the flags'],
])('%j is refused with its line and a suggestion', async (text, message, step) => {
  await expect(flagsOf(text)).rejects.toMatchObject({
    exit: 3,
    message: expect.stringContaining(message),
    nextSteps: [expect.stringContaining(step)],
  });
});

test.each([
  ['- load\n', ':1: the file holds no names'],
  ['load: 5\n', ':1: load holds no names'],
  ['load:\n  rps: {a: 1}\n', ':2: load.rps is neither a value nor a list'],
  ['load:\n  rps:\n', ':2: load.rps is neither'],
  ['load:\n  rps: 1\n  rps: 2\n', ':3: this key stands twice'],
  [`load: ${'['.repeat(20_000)}`, ':1: is nested too deep to be read'],
])('%j is no configuration', async (text, message) => {
  await expect(flagsOf(text)).rejects.toMatchObject({ exit: 3, message: expect.stringContaining(message) });
});
