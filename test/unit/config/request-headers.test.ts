import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provenanceOf } from '../../../src/config/provenance.ts';
import { requestHeaders } from '../../../src/config/request-headers.ts';
import { redacted, withoutCredentials, withoutValues } from '../../../src/redacted.ts';
import { renderError } from '../../../src/ui/render-error.ts';

const KEY = 'sk-very-secret-0123456789';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-key-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function keyFile(text: string, mode = 0o600): Promise<string> {
  const path = join(folder, `key-${mode.toString(8)}-${text.length}`);
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe('headers of requests', () => {
  test('names are in lower case, values as they are; a key is a bearer token or a header of its own', async () => {
    expect(await requestHeaders({ header: ['X-Team: a: b', 'empty:'] }, {})).toEqual({ 'x-team': 'a: b', empty: '' });
    expect(await requestHeaders({}, { CHAINCTL_API_KEY: KEY })).toEqual({ authorization: `Bearer ${KEY}` });
    const file = await keyFile(`${KEY}\n`);
    expect(await requestHeaders({ 'api-key-file': file }, { CHAINCTL_API_KEY: 'x' })).toEqual({
      authorization: `Bearer ${KEY}`,
    });
    expect(await requestHeaders({ 'api-key-file': file, 'api-key-header': 'X-Api-Key' }, {})).toEqual({
      'x-api-key': KEY,
    });
    expect(await requestHeaders({}, {})).toEqual({});
  });

  test.each([
    ...['host', 'Content-Length', 'connection', 'transfer-encoding', 'traceparent', 'upgrade'].map((name) => [
      `${name}: x`,
    ]),
    ...[KEY, `: ${KEY}`, `a b: ${KEY}`, `x-key: ${KEY}\r\nx: y`, `x-key: ${KEY}\u00fc`].map((text) => [text]),
  ])('%j is refused without telling its value', async (header) => {
    const failed = await requestHeaders({ header: [header] }, {}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ exit: 2, code: 'header-invalid' });
    expect(JSON.stringify([failed, String(failed)])).not.toContain(KEY);
  });

  test.each([
    [{ header: ['a: 1', 'A: 2'] }, {}, /given twice/],
    [{ header: ['authorization: x'] }, { CHAINCTL_API_KEY: KEY }, /authorization is given twice/],
    [{ 'token-file': 't' }, { CHAINCTL_API_KEY: KEY }, /both a key of an API and a token/],
    [
      {},
      { CHAINCTL_API_KEY: KEY, CHAINCTL_TOKEN: 't' },
      /both a key of an API and a token of a chain \(CHAINCTL_TOKEN\)/,
    ],
    [{ 'api-key-header': 'x' }, {}, /there is no key for it/],
    [{ 'api-key-header': 'host' }, { CHAINCTL_API_KEY: KEY }, /the load's own/],
  ])('%j %j', async (flags, env, fault) => {
    await expect(requestHeaders(flags, env)).rejects.toMatchObject({ exit: 2, message: expect.stringMatching(fault) });
  });

  test('a key that is none, that is not there, or that others can read', async () => {
    await expect(requestHeaders({ 'api-key-file': await keyFile('two words') }, {})).rejects.toMatchObject({
      code: 'api-key-invalid',
    });
    await expect(requestHeaders({ 'api-key-file': join(folder, 'none') }, {})).rejects.toMatchObject({
      code: 'api-key-unreadable',
    });
    await expect(requestHeaders({ 'api-key-file': await keyFile(KEY, 0o644) }, {})).rejects.toMatchObject({
      ...{ code: 'secret-open', exit: 3 },
      nextSteps: expect.arrayContaining([expect.stringContaining('chmod 600')]),
    });
  });
});

test('what is written down of a command has names of headers only', () => {
  expect(redacted(['load', '--header', `x-key: ${KEY}`, `--header=y:${KEY}`, '--header', KEY, '--rps', '1'])).toEqual([
    ...['load', '--header', 'x-key: ***', '--header=y: ***', '--header', '***', '--rps', '1'],
  ]);
  const origins = { isTyped: () => true, isInFile: () => false, isDefault: () => false, variableOf: () => undefined };
  const told = provenanceOf({ header: [`x-key: ${KEY}`], rps: '1' }, { ...origins, file: 'f' });
  expect(told).toEqual(['header = x-key: *** (flag)', 'rps = 1 (flag)']);
});

test.each([
  [
    ['--header', 'a: b', `x-key: ${KEY}`, '--rps', '1', 'x'],
    ['--header', 'a: ***', 'x-key: ***', '--rps', '1', 'x'],
  ],
  [
    ['--header=a: b', KEY, '--', KEY],
    ['--header=a: ***', '***', '--', '***'],
  ],
  [
    ['--header', 'a:', KEY, 'http://h/x', '-q', 'w'],
    ['--header', 'a: ***', '***', 'http://h/x', '-q', 'w'],
  ],
  [
    ['--haeder', `x-key: ${KEY}`, '--rps', '1'],
    ['--haeder', 'x-key: ***', '--rps', '1'],
  ],
])('nor what stands after a header, up to the next flag: %j', (words, shown) => {
  expect(redacted(words)).toEqual(shown);
});

test('a text that repeats what was typed repeats no value of a header', () => {
  const words = ['--header', 'a: b', `x-key: ${KEY}`, 'x'];
  expect(withoutValues(`Unexpected arguments: x-key: ${KEY}, x (next)`, words)).toBe(
    'Unexpected arguments: x-key: ***, *** (next)',
  );
});

test('an address is written down and told without its user name and password', () => {
  const url = (user: string) => `http://${user}h:8000/v1`;
  expect(redacted(['quick', url(`me:${KEY}@`), `--target=${url(`${KEY}@`)}`])).toEqual([
    ...['quick', url('***@'), `--target=${url('***@')}`],
  ]);
  expect(withoutCredentials(`"${url(`me:p@ss@`)}" is none, nor is http://h/a@b`)).toBe(
    `"${url('***@')}" is none, nor is http://h/a@b`,
  );
  const origins = { isTyped: () => true, isInFile: () => false, isDefault: () => false, variableOf: () => undefined };
  expect(provenanceOf({ target: url(`me:${KEY}@`) }, { ...origins, file: 'f' })).toEqual([
    `target = ${url('***@')} (flag)`,
  ]);
  const stream = process.stderr;
  expect(renderError(new Error(`no ${url(`me:${KEY}@`)}`), { debug: true, stream })).not.toContain(KEY);
});

test('the address of a model has no query, which may be a signature, in what is written down', () => {
  const url = 'https://h/m.gguf?token=sentinel';
  expect(redacted(['deploy', '--model-url', url, `--model-url=b=${url}`, '--b-url', 'http://b'])).toEqual([
    ...['deploy', '--model-url', 'https://h/m.gguf?***', '--model-url=b=https://h/m.gguf?***', '--b-url', 'http://b'],
  ]);
});
