import { expect, test } from 'vitest';
import { perHour } from '../../../src/services/gcp/collect.ts';
import type { MarkedObject } from '../../../src/services/gcp/inventory.ts';

const object = (kind: MarkedObject['kind'], more: Partial<MarkedObject> = {}): MarkedObject => ({
  ...{ stack: 's', key: kind, createdBy: 'me@here', kind, name: kind },
  ...more,
});
const template = object('template', { type: 'e2-standard-4' });
const group = object('group', { place: 'europe-west3-c', size: 2 });

test('a group costs what its VMs cost, a load balancer by its rule, the rest nothing', () => {
  const rule = object('forwarding rule');
  expect(perHour([rule, object('firewall rule'), object('address')])).toBe(0.025);
  const one = perHour([template, { ...group, size: 1 }]) ?? 0;
  expect(one).toBeGreaterThan(0.1);
  expect(perHour([template, group, rule])).toBeCloseTo(2 * one + 0.025, 9);
});

test('what has no known price is not guessed', () => {
  expect(perHour([group])).toBeUndefined();
  expect(perHour([object('VM', { place: 'europe-west3-c', type: 'x9-huge' })])).toBeUndefined();
});
