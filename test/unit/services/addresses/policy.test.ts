import { expect, test } from 'vitest';
import { type Candidate, Chooser, type Policy } from '../../../../templates/services/service-a/addresses/policy.ts';

interface Named extends Candidate {
  readonly name: string;
}

const named = (name: string, latencyMs?: number, inFlight = 0): Named => ({ name, latencyMs, inFlight });

/** Who is chosen, one after another. */
function choices(policy: Policy, all: readonly Named[], times: number, down = ''): string {
  const chooser = new Chooser<Named>(policy);
  const next = () => chooser.choose(all, ({ name }) => !down.includes(name))?.name ?? '-';
  return Array.from({ length: times }, next).join('');
}

const three = [named('a'), named('b'), named('c')];

test('round-robin goes in turn, past those that cannot be asked', () => {
  expect(choices('round-robin', three, 7)).toBe('abcabca');
  expect(choices('round-robin', three, 4, 'b')).toBe('acac');
  expect(choices('round-robin', three, 2, 'abc')).toBe('--');
});

test('failover takes the first one that can be asked', () => {
  expect(choices('failover', three, 3)).toBe('aaa');
  expect(choices('failover', three, 3, 'a')).toBe('bbb');
});

test('least-latency weighs the time with what is in flight', () => {
  expect(choices('least-latency', [named('a', 100, 3), named('b', 300, 0)], 1)).toBe('b');
  expect(choices('least-latency', [named('a', 100, 1), named('b', 300, 0)], 1)).toBe('a');
});

test('least-latency tries an unknown address first, but never with a second request before the first is answered', () => {
  expect(choices('least-latency', [named('a', 1), named('b')], 1)).toBe('b');
  expect(choices('least-latency', [named('a', 1, 9), named('b', undefined, 1)], 1)).toBe('a');
  expect(choices('least-latency', [named('a', undefined, 2), named('b', undefined, 1)], 1)).toBe('b');
});

test('least-latency sends every 20th request to another one, in turn', () => {
  const all = [named('a', 1), named('b', 50), named('c', 50)];
  const others = [...choices('least-latency', all, 80)].flatMap((name, index) =>
    name === 'a' ? [] : [`${index + 1}${name}`],
  );
  expect(others).toEqual(['20b', '40c', '60b', '80c']);
});
