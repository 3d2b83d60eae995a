import { expect, test } from 'vitest';
import { ContextRule } from '../../../../templates/services/common/engine/context.ts';

test('from a model’s first chat on, all its requests have the larger context', () => {
  const rule = new ContextRule('tinyllama', 512, 4096);
  expect([rule.own, rule.of('tinyllama', 512), rule.known('tinyllama:latest')]).toEqual([512, 512, 512]);
  const { numCtx, settled } = rule.chat('TinyLlama:latest');
  expect(numCtx).toBe(4096);
  expect([rule.own, rule.of('tinyllama', 512), rule.known('tinyllama')]).toEqual([4096, 4096, 4096]);
  expect(rule.of('tinyllama', 8192)).toBe(8192);
  expect(rule.settling).toBe(true);
  // Others that come meanwhile do not end it, and it ends once.
  rule.chat('tinyllama').settled();
  expect(rule.settling).toBe(true);
  settled();
  settled();
  expect(rule.settling).toBe(false);
  expect(rule.chat('tinyllama').numCtx).toBe(4096);
  expect(rule.settling).toBe(false);
});

test('another model’s chats leave the own one as it is loaded', () => {
  const rule = new ContextRule('a', 512, 4096);
  expect(rule.known('other')).toBeUndefined();
  expect(rule.chat('other').numCtx).toBe(4096);
  expect([rule.own, rule.settling, rule.known('other'), rule.of('other', 512)]).toEqual([512, false, 4096, 4096]);
});

test('where NUM_CTX is the larger one nothing is loaded again', () => {
  const rule = new ContextRule('a', 8192, 4096);
  expect(rule.chat('a').numCtx).toBe(8192);
  expect([rule.own, rule.settling]).toEqual([8192, false]);
});
