import { expect, test } from 'vitest';
import { garbageOf } from '../../../src/services/gc/collect.ts';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { listMarked, type MarkedObject, perHour } from '../../../src/services/targets/gcp/inventory.ts';
import { describe, objectName, ownerText } from '../../../src/services/targets/gcp/names.ts';

const object = (kind: MarkedObject['kind'], more: Partial<MarkedObject> = {}): MarkedObject => ({
  ...{ stack: 's', key: kind, createdBy: 'me@here', kind, name: kind },
  ...more,
});
const template = object('template', { type: 'e2-standard-4' });
const group = object('group', { place: 'europe-west3-c', size: 2 });

test('a group costs what its VMs cost, a load balancer by its rule, the rest nothing', () => {
  const rule = object('forwarding rule');
  const balancer = perHour([rule]) ?? 0;
  expect(balancer).toBeGreaterThan(0);
  expect(perHour([rule, object('firewall rule'), object('address')])).toBe(balancer);
  const one = perHour([template, { ...group, size: 1 }]) ?? 0;
  expect(one).toBeGreaterThan(0.1);
  expect(perHour([template, group, rule])).toBeCloseTo(2 * one + balancer, 9);
});

test('a stack that got its time limit later expires with its template, and is its maker’s', async () => {
  const marked = (name: string, more: object = {}) => ({
    name: objectName('s', name),
    description: describe({ stack: 's', key: name, createdBy: 'CORP\\anna@here', ...more }),
  });
  const lists: Record<string, unknown> = {
    'addresses.list': [marked('address')],
    'instanceTemplates.list': [marked('template', { expiresAt: '2026-05-01T11:00:00Z' })],
  };
  const compute = { project: 'p', read: async (call: string) => lists[call] ?? [] } as unknown as Compute;
  const objects = await listMarked(compute, new AbortController().signal);
  const at = (time: string) =>
    garbageOf(
      { objects, createdBy: ownerText('CORP\\anna@here'), perHour, decisiveKind: 'template' },
      new Set(),
      Date.parse(time),
    );
  expect(at('2026-05-01T12:00:00Z')).toMatchObject([{ stack: 's', reason: 'expired', foreign: false }]);
  expect(at('2026-05-01T10:00:00Z')).toMatchObject([{ stack: 's', reason: 'unknown here', foreign: false }]);
});

test('what has no known price is not guessed', () => {
  expect(perHour([group])).toBeUndefined();
  expect(perHour([object('VM', { place: 'europe-west3-c', type: 'x9-huge' })])).toBeUndefined();
});
