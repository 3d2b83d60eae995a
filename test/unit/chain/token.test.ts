import { describe, expect, it } from 'vitest';
import { checkToken, makeToken, tokenId, tokensFor } from '../../../src/services/chain/token.ts';
import { RequestTemplate } from '../../../src/services/load/engine/request-template.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';

describe('which token goes where', () => {
  const endpoints = ['http://10.0.0.1:8001', undefined, 'http://10.0.0.2'];

  it("the stack's own goes to the stack's own addresses and nowhere else", () => {
    const tokenOf = tokensFor({ ofStack: 'own', endpoints });
    expect(tokenOf('http://10.0.0.1:8001/chain')).toBe('own');
    expect(tokenOf('http://10.0.0.2/invoke')).toBe('own');
    for (const foreign of ['http://10.0.0.1:8002/chain', 'https://10.0.0.1:8001', 'http://10.0.0.1.evil:8001', 'x']) {
      expect(tokenOf(foreign)).toBeUndefined();
    }
  });

  it('what the operator gave goes everywhere', () => {
    expect(tokensFor({ given: 'mine', ofStack: 'own', endpoints })('http://elsewhere/chain')).toBe('mine');
    expect(tokensFor({ endpoints })('http://10.0.0.2')).toBeUndefined();
  });

  it('is 256 bits, and told apart without being told', () => {
    expect(makeToken()).toMatch(/^[\w-]{43}$/);
    expect(makeToken()).not.toBe(makeToken());
    expect(tokenId('x')).toMatch(/^[0-9a-f]{8}$/);
  });

  it('is refused where it is none, without showing it', () => {
    expect(checkToken('abc\n', 'x')).toBe('abc');
    for (const text of ['', ' \n', 'two words', 'line\nline']) {
      expect(() => checkToken(text, 'the token file f')).toThrow(/^the token file f holds no token/);
    }
  });
});

describe('a request of a load', () => {
  const options = {
    prompt: DEFAULT_PROMPT,
    seed: 1,
    series: 0,
    form: { api: 'raw', stream: false },
    timeoutMs: 180_000,
    rate: 1,
  };
  const url = 'http://127.0.0.1:8001/chain';

  it('carries the token, and stays the same otherwise', () => {
    const open = new RequestTemplate({ ...options, url });
    const guarded = new RequestTemplate({ ...options, url, headers: { authorization: 'Bearer abc' } });
    const mask = (bytes: Buffer) => bytes.toString().replace(/traceparent: .*/, '');
    expect(mask(guarded.request(7))).toContain('\r\nauthorization: Bearer abc\r\n');
    expect(mask(guarded.request(7)).replace('authorization: Bearer abc\r\n', '')).toBe(mask(open.request(7)));
  });
});
