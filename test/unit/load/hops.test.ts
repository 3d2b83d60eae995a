import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { whoRefused } from '../../../src/services/load/stats/collector.ts';
import { fairnessOf } from '../../../src/services/load/stats/point-summary.ts';
import { HopTimes } from '../../../src/services/load/stats/waterfall.ts';
import type { Waterfall } from '../../../src/services/load/types.ts';
import { waterfallTotal } from '../../../src/services/results/waterfall-parts.ts';

const ok: RequestRecord = {
  ...{ index: 0, intendedMs: 0, latenessMs: 2, serviceMs: 1098, outcome: 'ok', class: 'ok', status: 200, error: '' },
  figures: {
    ...{ a_local_seconds: 0.3, b_remote_seconds: 0.75, end_to_end_seconds: 1.06 },
    ...{ ollama_seconds: 0.4, total_seconds: 0.7 },
  },
};

describe('the waterfall', () => {
  test('parts add up to the mean response time', () => {
    const hops = new HopTimes(protocolNamed('chain'));
    hops.add(ok);
    hops.add({ ...ok, serviceMs: 1298 });
    hops.add({ ...ok, outcome: 'timeout' });
    hops.add({ ...ok, figures: { a_local_seconds: 1 } });
    const waterfall = hops.summary();
    expect(waterfall).toEqual({ clientWait: 2, a: 300, network: 198, bModel: 400, bWait: 300, count: 2 });
    expect(waterfallTotal(waterfall as Waterfall)).toBeCloseTo(1200, 6);
  });

  const told = {
    ...{ a_queue_seconds: 0.05, a_engine_queue_seconds: 0.06, a_load_seconds: 0.01, a_prompt_seconds: 0.07 },
    ...{ a_generation_seconds: 0.15, b_queue_seconds: 0.2, b_engine_queue_seconds: 0.1, b_load_seconds: 0.02 },
    ...{ b_prompt_seconds: 0.08, b_generation_seconds: 0.19 },
  };

  test('waiting and work are told apart where services and engines tell them, and the parts still add up', () => {
    const hops = new HopTimes(protocolNamed('chain'));
    hops.add({ ...ok, figures: { ...ok.figures, ...told } });
    const waterfall = hops.summary();
    // A's call of its engine took 10 ms more than the engine did, B's too: that is between them, and network.
    expect(waterfall).toEqual({
      ...{ clientWait: 2, aQueue: 50, aEngineQueue: 60, a: 230, aWork: { load: 10, prompt: 70, generation: 150 } },
      ...{ network: 1098 - 50 - 60 - 230 - 200 - 100 - 290 - 100, bQueue: 200, bEngineQueue: 100, bModel: 290 },
      ...{ bWork: { load: 20, prompt: 80, generation: 190 }, bWait: 100, count: 1 },
    });
    expect(waterfallTotal(waterfall as Waterfall)).toBeCloseTo(1100, 6);
  });

  test('answers that tell less are not mixed with those that tell more: the most frequent kind counts', () => {
    const hops = new HopTimes(protocolNamed('chain'));
    const fromNew = { ...ok, figures: { ...ok.figures, ...told } };
    for (const each of [ok, fromNew, fromNew]) hops.add(each);
    expect(hops.summary()).toMatchObject({ a: 230, bQueue: 200, count: 2 });
    for (const each of [ok, ok]) hops.add(each);
    expect(hops.summary()).toEqual({ clientWait: 2, a: 300, network: 98, bModel: 400, bWait: 300, count: 3 });
  });

  test('an engine that tells only a part of its times, and a queue alone', () => {
    const hops = new HopTimes(protocolNamed('invoke'));
    hops.add({
      ...ok,
      figures: { ollama_seconds: 0.4, total_seconds: 0.7, b_queue_seconds: 0.1, b_engine_queue_seconds: 0.2 },
    });
    expect(hops.summary()).toEqual({
      ...{ clientWait: 2, a: 0, network: 398, bQueue: 100, bModel: 400, bWait: 200, count: 1 },
    });
  });

  test('B alone has no A; without figures there is none', () => {
    const hops = new HopTimes(protocolNamed('invoke'));
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
    ['raw', 'HTTP 302: redirects to https://b.test/', 'unknown'],
    ['chain', 'HTTP 500', 'unknown'],
    ['chain', "HTTP 404 error: model '' not found", 'unknown'],
    ['chain', 'HTTP 503 error: upstream is gone', 'load_balancer'],
    ['invoke', 'HTTP 503: overloaded: 8 at work and 64 waiting', 'b'],
    ['invoke', 'HTTP 503: no healthy backend: b-1: connect ECONNREFUSED', 'load_balancer'],
    ['invoke', 'HTTP 503', 'load_balancer'],
    ['raw', 'HTTP 503', 'unknown'],
    ['raw', 'HTTP 503: no healthy upstream', 'load_balancer'],
  ] as const)('%s: %s: %s', (kind, error, who) => expect(whoRefused(protocolNamed(kind), http(error))).toBe(who));

  test.each([
    ['chain', 'remote(B) error: ollama error: server busy', 'b'],
    ['chain', 'remote(B) error: connect ECONNREFUSED 127.0.0.1:8002', 'network'],
    ['chain', 'ollama(A) error: the stream ended before it was whole', 'a'],
    ['invoke', 'ollama error: the stream ended before it was whole', 'b'],
    ['openai-chat', 'the engine is gone', 'server'],
    ['openai-chat', 'rate limit reached', 'rate_limit'],
  ] as const)('%s, in the middle of a stream: %s: %s', (kind, error, who) => {
    const record: RequestRecord = {
      ...ok,
      outcome: 'invalid',
      class: 'stream-error',
      status: 200,
      error: `the stream reports an error: ${error}`,
    };
    expect(whoRefused(protocolNamed(kind), record)).toBe(who);
  });

  test('what never became an answer', () => {
    const of = (outcome: RequestRecord['outcome'], name: string) =>
      whoRefused(protocolNamed('chain'), { ...ok, outcome, class: name, status: 0 });
    expect(of('transport_error', 'ECONNREFUSED')).toBe('network');
    expect(of('transport_error', 'EMFILE')).toBe('client');
    expect(of('timeout', 'timeout')).toBe('no_answer');
    expect(of('incomplete', 'incomplete')).toBe('no_answer');
    const late = { ...ok, latenessMs: 400, outcome: 'timeout', class: 'timeout', status: 0 } as const;
    expect(whoRefused(protocolNamed('chain'), late)).toBe('client');
    const { serviceMs: _unknown, ...lost } = { ...ok, outcome: 'incomplete', class: 'generator-lost' } as const;
    expect(whoRefused(protocolNamed('chain'), lost)).toBe('client');
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
