import { expect, test } from 'vitest';
import { protocolOf } from '../../../src/services/load/protocols/protocols.ts';
import { checkTag, resolveTarget, targetName } from '../../../src/services/load/target.ts';

const services = [
  { name: 'a', path: '/chain' },
  { name: 'b', path: '/invoke' },
];
const deployed = async () => ({
  urls: { a: 'http://127.0.0.1:8001', b: 'http://127.0.0.1:8080/' },
  on: { b: 'somewhere' },
});
const resolve = (target: string, of: Parameters<typeof resolveTarget>[1] = deployed) =>
  resolveTarget(target, of, 'default', services);

test.each([
  ['chain', 'http://127.0.0.1:8001/chain'],
  ['invoke', 'http://127.0.0.1:8080/invoke'],
  ['http://host:8001', 'http://host:8001/'],
  ['http://lb/invoke', 'http://lb/invoke'],
  ['https://lb/v1/invoke/?a=b#c', 'https://lb/v1/invoke/?a=b'],
])('%s means %s', async (target, targetUrl) => expect(await resolve(target)).toMatchObject({ targetUrl }));

test('a service of the stack says where it is deployed', async () => {
  expect(await resolve('invoke')).toEqual({ targetUrl: 'http://127.0.0.1:8080/invoke', on: 'somewhere' });
  expect(await resolve('b')).toEqual(await resolve('invoke'));
  expect(await resolve('a')).toEqual({ targetUrl: 'http://127.0.0.1:8001/chain' });
});

test('without a stack: what to do', async () => {
  await expect(resolve('invoke', async () => ({ urls: {}, on: {} }))).rejects.toThrow(
    expect.objectContaining({
      exit: 3,
      code: 'no-stack',
      message: 'stack default has no service that answers at /invoke',
      nextSteps: expect.arrayContaining([expect.stringContaining('any other server')]),
    }),
  );
});

test.each(['localhost:8001', 'chains', 'ftp://x/chain', 'http://me:secret@host/chain'])(
  'refuses %s',
  async (target) => {
    await expect(resolve(target)).rejects.toThrow(expect.objectContaining({ exit: 2 }));
  },
);

test.each(['key', 'api_key', 'apikey', 'api-key', 'access_token', 'token', 'sig', 'Subscription-Key'])(
  'refuses a key in the address (%s), and names the way in a header',
  async (name) => {
    const refused = expect(resolve(`https://h/v1/chat?model=m&${name}=sk-1`)).rejects;
    await refused.toMatchObject({
      ...{ exit: 2, message: `--target must not carry a key (${name}): it is written into every result` },
      nextSteps: [expect.stringContaining('--api-key-file FILE'), expect.any(String)],
    });
    await expect(resolve('https://h/v1/chat?api-version=2024-01&tokens=5&keys=a')).resolves.toBeDefined();
  },
);

test.each([
  ['localhost:8001', 'http://localhost:8001'],
  ['h.example/v1/chat/completions', 'http://h.example/v1/chat/completions'],
  ['[::1]:8000', 'http://[::1]:8000'],
])('%s is meant as %s', async (target, meant) => {
  await expect(resolve(target)).rejects.toMatchObject({
    nextSteps: [`did you mean: --target ${meant}`, expect.any(String)],
  });
});

test('a mistyped service of the stack is told which was meant', async () => {
  await expect(resolveTarget('chian', deployed, 'demo', services)).rejects.toMatchObject({
    nextSteps: ['did you mean: chainctl load --target chain --stack demo', expect.any(String)],
  });
});

test('a password is not repeated in the message', async () => {
  await expect(resolve('http://me:secret@host/chain')).rejects.not.toThrow(/secret/);
});

test('the middle word of the files, and the contract it stands for', () => {
  expect(['http://h/chain', 'http://h/a/invoke/', 'http://h/', 'http://h/x%20y'].map(targetName)).toEqual([
    'chain',
    'invoke',
    'root',
    'x-20y',
  ]);
  expect(
    ['http://h/chain', 'http://h/invoke', 'http://h/other'].map((url) => protocolOf({ targetUrl: url }).name),
  ).toEqual(['chain', 'invoke', 'raw']);
});

test('tags are parts of file names', () => {
  expect(checkTag('aws-2.b_c')).toBe('aws-2.b_c');
  for (const tag of ['', '../x', 'a/b', '.hidden', 'a b', 'x'.repeat(41)]) {
    expect(() => checkTag(tag)).toThrow(expect.objectContaining({ exit: 2 }));
  }
});
