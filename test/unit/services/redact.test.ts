import { expect, test } from 'vitest';
import { redactor, secretsOfUrl } from '../../../templates/services/common/redact.ts';

test.each([
  ['as it is', 'sk-secret/1+2"3', 'key sk-secret/1+2"3 is wrong'],
  ['in JSON', 'sk-secret/1+2"3', JSON.stringify({ error: 'sk-secret/1+2"3' })],
  ['in JSON with escaped slashes', 'sk-secret/1+2', '{"error":"sk-secret\\/1+2"}'],
  ['percent-encoded', 'sk-secret/1+2', 'no /x?key=sk-secret%2F1%2B2'],
  ['without the scheme', 'Bearer sk-secret-1', 'no sk-secret-1'],
])('hides a secret %s', (_how, secret, text) => {
  const hidden = redactor([secret])(text);
  expect(hidden).toContain('***');
  expect(hidden).not.toContain('secret');
});

test('of two secrets, one within the other, nothing of the longer one is left', () => {
  expect(redactor(['secret', 'secret-and-more'])('it is secret-and-more')).toBe('it is ***');
});

test('leaves everything else, and what may be any word', () => {
  expect(redactor([undefined, '', 'local', 'Bearer abc'])('Bearer of local abc')).toBe('Bearer of local abc');
});

test('the secrets of a URL are its password and the values of its query, as they are and decoded', () => {
  const secrets = secretsOfUrl('http://user:passw0rd@host/path/x?key=a%2Fsecret&v');
  expect(secrets).toEqual(expect.arrayContaining(['passw0rd', 'a/secret', 'a%2Fsecret']));
  expect(secrets.join()).not.toContain('path');
  expect(secretsOfUrl('no url')).toEqual([]);
});

test('hides the beginning of a secret where a text was cut', () => {
  const redact = redactor(['Bearer sk-secret-1']);
  expect(redact('no sk-secr… and sk-secret-1')).toBe('no ***… and ***');
  expect(redact('a task…')).toBe('a task…');
});
