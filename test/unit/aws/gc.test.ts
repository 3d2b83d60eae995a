import { expect, test } from 'vitest';
import { garbageOf } from '../../../src/services/gc/collect.ts';
import type { MarkedObject } from '../../../src/services/stack/provider.ts';
import { perHourIn } from '../../../src/services/targets/aws/inventory.ts';
import { tagText } from '../../../src/services/targets/aws/tags.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');

function object(stack: string, changes: Partial<MarkedObject> = {}): MarkedObject {
  return { stack, kind: 'VM', id: 'i-1', createdBy: 'me@here', type: 'c6i.xlarge', ...changes };
}

const find = (objects: readonly MarkedObject[], known: readonly string[] = [], createdBy = 'me@here') =>
  garbageOf(
    { objects, createdBy, decisiveKind: 'VM', perHour: (own) => perHourIn('eu-north-1', own) },
    new Set(known),
    NOW,
  );

test('a stack that this machine knows and that has not expired is none', () => {
  expect(find([object('mine')], ['mine'])).toEqual([]);
  expect(find([object('mine', { expiresAt: '2026-05-01T13:00:00Z' })], ['mine'])).toEqual([]);
});

test('an expired stack is garbage even when it is known, but only when all of it has expired', () => {
  const past = { expiresAt: '2026-05-01T11:00:00Z' };
  expect(find([object('mine', past)], ['mine'])).toMatchObject([{ stack: 'mine', reason: 'expired', foreign: false }]);
  expect(find([object('mine', past), object('mine', { id: 'i-2' })], ['mine'])).toEqual([]);
});

test('a stack that got its time limit later expires with its machine', () => {
  const past = { expiresAt: '2026-05-01T11:00:00Z' };
  const address = object('mine', { kind: 'address', type: undefined });
  expect(find([object('mine', past), address], ['mine'])).toMatchObject([{ reason: 'expired' }]);
  expect(find([object('mine'), { ...address, ...past }], ['mine'])).toEqual([]);
  expect(find([address], ['mine'])).toEqual([]);
  const later = { ...address, expiresAt: '2026-05-01T13:00:00Z' };
  expect(find([object('mine', past), later], ['mine'])).toEqual([]);
});

test("what one has made is one's own, whatever a tag can hold of the name", () => {
  const [garbage] = find([object('lost', { createdBy: 'CORP_anna@here' })], [], tagText('CORP\\anna@here'));
  expect(garbage?.foreign).toBe(false);
});

test("an unknown stack of one's own is garbage, one of somebody else is marked", () => {
  expect(find([object('lost', { createdAt: '2026-05-01T10:00:00Z' })])).toMatchObject([
    { stack: 'lost', reason: 'unknown here', foreign: false, ageSeconds: 7200 },
  ]);
  expect(find([object('theirs', { createdBy: 'you@there' })])).toMatchObject([
    { foreign: true, createdBy: ['you@there'] },
  ]);
});

test('an idle address costs, a security group does not, an unknown type has no price', () => {
  const address = object('a', { kind: 'address', type: undefined });
  const group = object('a', { kind: 'security group', type: undefined });
  expect(find([address, group])[0]?.perHour).toBe(0.005);
  expect(find([object('a', { type: 'x9.huge' })])[0]?.perHour).toBeUndefined();
});

test('a tag that is no name of a stack is left alone', () => {
  expect(find([object('../../etc'), object('')])).toEqual([]);
});
