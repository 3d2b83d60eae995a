import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/protocol.ts';
import { fairnessOf } from '../../../src/services/load/stats/fairness.ts';
import { whoRefused } from '../../../src/services/load/stats/refusals.ts';
import { HopTimes } from '../../../src/services/load/stats/waterfall.ts';

const ok: RequestRecord = {
  ...{ index: 0, intendedMs: 0, latenessMs: 2, serviceMs: 1098, outcome: 'ok', class: 'ok', status: 200, error: '' },
  figures: {
    ...{ a_local_seconds: 0.3, b_remote_seconds: 0.75, end_to_end_seconds: 1.06 },
    ...{ ollama_seconds: 0.4, total_seconds: 0.7 },
  },
};

describe('the waterfall', () => {
  test('parts add up to the mean response time', () => {
    const hops = new HopTimes('chain');
    hops.add(ok);
    hops.add({ ...ok, serviceMs: 1298 });
    hops.add({ ...ok, outcome: 'timeout' });
    hops.add({ ...ok, figures: { a_local_seconds: 1 } });
    const waterfall = hops.summary();
    expect(waterfall).toEqual({ clientWait: 2, a: 300, network: 198, bModel: 400, bWait: 300, count: 2 });
    const { count: _, ...parts } = waterfall ?? { count: 0 };
    expect(Object.values(parts).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(1200, 6);
  });

  test('B alone has no A; without figures there is none', () => {
    const hops = new HopTimes('invoke');
    expect(hops.summary()).toBeUndefined();
    hops.add({ ...ok, figures: { ollama_seconds: 0.4, total_seconds: 0.7 } });
    expect(hops.summary()).toMatchObject({ a: 0, network: 398, bModel: 400, bWait: 300 });
  });
});

describe('who refused', () => {
  const http = (error: string): RequestRecord => {
    const status = Number(/\d{3}/.exec(error)?.[0]);
    return { ...ok, outcome: 'http_error', class: String(status), status, error };
  };
  test.each([
    ['chain', 'HTTP 503: overloaded: 8 at work and 64 waiting', 'a'],
    ['chain', 'HTTP 503: draining: this instance is shutting down', 'a'],
    ['chain', 'HTTP 504: deadline passed: the caller waits at most 100 ms', 'a'],
    ['chain', 'HTTP 502: ollama(A) error: server busy', 'a'],
    ['chain', 'HTTP 503: overloaded: remote(B) overloaded: 8 at work and 64 waiting', 'b'],
    ['chain', 'HTTP 503: overloaded: remote(B) draining: this instance is shutting down', 'b'],
    ['chain', 'HTTP 502: remote(B) error: ollama error: server busy', 'b'],
    ['chain', 'HTTP 504: remote(B) error: no answer within 170 s', 'b'],
    ['chain', "HTTP 502: remote(B) error: answered with something that is not B's answer", 'b'],
    ['chain', 'HTTP 502: remote(B) error: connect ECONNREFUSED 127.0.0.1:8002', 'network'],
    ['chain', 'HTTP 502: remote(B) error: connection closed before the answer was complete', 'network'],
    ['chain', 'HTTP 502: remote(B) error: backend b-1 failed: socket hang up', 'load_balancer'],
    ['chain', 'HTTP 502: remote(B) error: no healthy backend: b-1: health 503', 'load_balancer'],
    ['chain', 'HTTP 502: remote(B) error: status 502', 'load_balancer'],
    ['chain', 'HTTP 503: overloaded: remote(B) draining: this proxy is shutting down', 'load_balancer'],
    ['chain', 'HTTP 502', 'load_balancer'],
    ['chain', 'HTTP 404: Not Found', 'a'],
    ['chain', 'HTTP 308: redirects to https://b.test/chain', 'load_balancer'],
    ['any', 'HTTP 302: redirects to https://b.test/', 'unknown'],
    ['chain', 'HTTP 500', 'unknown'],
    ['invoke', 'HTTP 503: overloaded: 8 at work and 64 waiting', 'b'],
    ['invoke', 'HTTP 503: no healthy backend: b-1: connect ECONNREFUSED', 'load_balancer'],
    ['invoke', 'HTTP 503', 'load_balancer'],
    ['any', 'HTTP 503', 'unknown'],
    ['any', 'HTTP 503: no healthy upstream', 'load_balancer'],
  ] as const)('%s: %s: %s', (kind, error, who) => expect(whoRefused(kind, http(error))).toBe(who));

  test('what never became an answer', () => {
    const of = (outcome: RequestRecord['outcome'], name: string) =>
      whoRefused('chain', { ...ok, outcome, class: name, status: 0 });
    expect(of('transport_error', 'ECONNREFUSED')).toBe('network');
    expect(of('transport_error', 'EMFILE')).toBe('client');
    expect(of('timeout', 'timeout')).toBe('client');
    expect(of('incomplete', 'incomplete')).toBe('client');
    expect(of('invalid', 'not-json')).toBe('unknown');
    expect(of('ok', 'ok')).toBeUndefined();
  });
});

test("Jain's index: 1 when even, 1/n for one of n", () => {
  expect(fairnessOf([])).toBeUndefined();
  expect(fairnessOf([7, 7, 7])).toEqual({ jain: 1, maxMin: 1 });
  expect(fairnessOf([100, 1, 1, 1])?.jain).toBeCloseTo(0.265, 2);
  expect(fairnessOf([30, 10])).toEqual({ jain: 0.8, maxMin: 3 });
});
