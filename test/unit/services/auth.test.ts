import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Auth, readAuth } from '../../../templates/services/common/auth.ts';
import { Env, EnvError } from '../../../templates/services/common/env.ts';

const TOKEN = 'sixteen-or-more-characters';

function tokenFile(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'chainctl-auth-')), 'token');
  writeFileSync(path, content);
  return path;
}

test('without a token everybody may come in', () => {
  for (const auth of [new Auth(undefined), readAuth(new Env({ AUTH_TOKEN: '', AUTH_TOKEN_FILE: ' ' }))]) {
    expect(auth.refusal(undefined)).toBeUndefined();
    expect(auth.authorization).toBeUndefined();
    expect(auth.vitals).toEqual({});
  }
});

test('with one only who sends it, in any case of the scheme; the others are counted', () => {
  const auth = new Auth(TOKEN);
  for (const header of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN} `]) {
    expect(auth.refusal(header)).toBeUndefined();
  }
  const wrong = [undefined, '', TOKEN, 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN} x`, 'Bearer x'];
  for (const header of wrong) {
    expect(auth.refusal(header)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
  }
  expect(auth.vitals).toEqual({ auth: 'token', unauthorized: wrong.length });
});

test('the file goes before the variable', () => {
  const auth = readAuth(new Env({ AUTH_TOKEN_FILE: tokenFile(`${TOKEN}\n`), AUTH_TOKEN: 'another-token-of-length' }));
  expect(auth.authorization).toBe(`Bearer ${TOKEN}`);
});

test.each([
  ['an empty file', { AUTH_TOKEN_FILE: tokenFile('\n') }],
  ['no file', { AUTH_TOKEN_FILE: '/nowhere/token' }],
  ['a short one', { AUTH_TOKEN: 'short-secret' }],
  ['one with a space', { AUTH_TOKEN: 'a token with spaces' }],
])('%s is refused at the start, and not shown', (_name, source: Record<string, string>) => {
  const read = () => readAuth(new Env(source));
  expect(read).toThrow(EnvError);
  expect(read).not.toThrow(/short-secret|with spaces"/);
});
