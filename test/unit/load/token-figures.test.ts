import { describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { usageOf } from '../../../src/services/load/protocols/usage.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { summarizePoint } from '../../../src/services/load/stats/point-summary.ts';
import { StreamTimes } from '../../../src/services/load/stats/stream-times.ts';
import { judgeValidity } from '../../../src/services/load/stats/validity.ts';

const OK = { latenessMs: 1, outcome: 'ok', class: 'ok', status: 200, error: '' } as const;
const STREAM = { events: 10, reads: 10, lateReads: 0, firstLateMs: 0, withoutDone: false };

/** A point of ten seconds at ten requests a second, of 16 tokens each: what is asked for is 160 a second. */
function pointOf(secondsOf: (index: number) => number, change: Partial<RequestRecord> = {}, windowTokens?: number) {
  const collected = new Collector(protocolNamed('raw'));
  for (let index = 0; index < 100; index++) {
    const serviceMs = 1000 * secondsOf(index);
    const figures = { output_tokens: 16, prompt_tokens: 4, reasoning_tokens: 2, cached_tokens: 1 };
    collected.add({ ...OK, index, intendedMs: index * 100, serviceMs, ttft_ms: 5, stream: STREAM, figures, ...change });
  }
  const counts = { sent: 100, dropped: 0, inFlight: 0, peakInFlight: 9, newConnections: 9, cpuSeconds: 1 };
  const progress = { phase: 'drain', elapsedMs: 10_000, ...counts, ...(windowTokens && { windowTokens }) } as const;
  const facts = { index: 0, rate: 10, startedAt: '', status: 'complete', scheduled: 100, perRequestCsv: '' } as const;
  return summarizePoint({ ...facts, durationSeconds: 10, maxInFlight: 1000, progress, wallSeconds: 10 }, collected);
}

describe('tokens per second', () => {
  test.each([0.1, 1, 5, 10, 30, 300])('answers of %d s in a window of 10 s: what is asked for is served', (seconds) => {
    const { tokens, stream } = pointOf(() => seconds);
    expect(tokens?.outputPerSecond).toBeCloseTo(160, 6);
    expect(stream?.outputTokensPerSecond).toBeCloseTo(160, 6);
    expect(tokens?.promptPerSecond).toBeCloseTo(40, 6);
  });

  test('a target that makes 80 a second works off the rest later, and makes no more for that', () => {
    // Five answers a second, one after the other, whenever they were asked for.
    expect(pointOf((index) => 0.2 * (index + 1) - index * 0.1).tokens?.outputPerSecond).toBeCloseTo(80, 6);
  });

  test('answers whose lengths differ: their spread is no backlog', () => {
    // 2 to 18 s, in an order that has nothing to do with when they were asked for.
    expect(pointOf((index) => 2 + ((index * 37) % 100) * 0.16).tokens?.outputPerSecond).toBeCloseTo(160, 6);
  });

  test('a handful that waits for each other is a backlog', () => {
    const collected = new Collector(protocolNamed('raw'));
    for (const index of [0, 1, 2]) {
      const figures = { output_tokens: 400 };
      collected.add({
        ...OK,
        index,
        intendedMs: index * 3000,
        serviceMs: 20_000 * (index + 1) - index * 3000,
        figures,
      });
    }
    const counts = { sent: 3, dropped: 0, inFlight: 0, peakInFlight: 3, newConnections: 3, cpuSeconds: 1 };
    const progress = { phase: 'drain', elapsedMs: 60_000, ...counts } as const;
    const facts = { index: 0, rate: 0.3, startedAt: '', status: 'complete', scheduled: 3, perRequestCsv: '' } as const;
    const more = { durationSeconds: 10, maxInFlight: 1000, progress, wallSeconds: 60 };
    expect(summarizePoint({ ...facts, ...more }, collected).tokens?.outputPerSecond).toBeCloseTo(20, 6);
  });

  test('what arrived in the window is told beside it; counts, and how many of them are estimates', () => {
    expect(pointOf(() => 1, {}, 1520).tokens).toMatchObject({
      ...{ prompt: 400, output: 1600, reasoning: 200, cached: 100, answers: 100 },
      ...{ outputPerSecond: 160, promptPerSecond: 40, arrivedPerSecond: 152, ci: [160, 160] },
    });
    const figures = { output_tokens: 16 };
    const estimated = pointOf(() => 1, { tokens_estimated: true, figures }).tokens;
    expect(estimated).toMatchObject({ prompt: 0, output: 1600, answers: 100, estimated: 100, outputPerSecond: 160 });
    for (const unknown of ['promptPerSecond', 'arrivedPerSecond', 'cached'])
      expect(estimated).not.toHaveProperty(unknown);
  });
});

describe('streamed answers', () => {
  const figuresOf = (...records: Partial<RequestRecord>[]) => {
    const times = new StreamTimes();
    for (const [index, each] of records.entries()) {
      times.add({ ...OK, index, intendedMs: 0, serviceMs: 900, figures: { output_tokens: 20 }, ...each });
    }
    return times.summary((tokens) => tokens / 10);
  };

  test('first token from the intended time and from the sending, reasoning beside it; speed as a user has it', () => {
    const answer = {
      ttft_ms: 100,
      reasoning_ttft_ms: 40,
      itl_ms: [10, 30],
      tpot_ms: 20,
      stream: { ...STREAM, events: 20 },
    };
    const slow = { ...answer, tpot_ms: 50, stream: { ...STREAM, withoutDone: true, lateReads: 4, firstLateMs: 2 } };
    expect(figuresOf(answer, answer, slow)).toMatchObject({
      ttft: { p50: 101, count: 3 },
      ttftSent: { p50: 100 },
      reasoningTtft: { p50: 41 },
      itl: { p50: 10, max: 30, count: 6 },
      tpot: { p50: 20, p99: 50 },
      perUser: { p50: 50, p1: 20 },
      ...{ answers: 3, outputTokens: 60, outputTokensPerSecond: 6, withoutDone: 1 },
      ...{ eventsPerRead: 1.667, tokensPerEvent: 1.2, lateReads: 0.133, firstLateP99: 2 },
    });
  });

  test('what came in one read has no times between tokens; what shows no token has no first one', () => {
    const one = figuresOf(
      { ttft_ms: 100, stream: { ...STREAM, reads: 1 } },
      { stream: { ...STREAM, events: 0, reads: 0 } },
    );
    expect(one).toMatchObject({ answers: 2, oneRead: 1, ttft: { count: 1 }, outputTokens: 40 });
    for (const figure of ['itl', 'tpot', 'perUser', 'reasoningTtft']) expect(one).not.toHaveProperty(figure);
    expect(figuresOf({ stream: { ...STREAM, events: 0, reads: 0 } })).not.toHaveProperty('ttft');
  });

  test('what did not succeed or was not streamed is left out', () => {
    expect(figuresOf({ outcome: 'invalid', ttft_ms: 100, stream: STREAM }, {})).toBeUndefined();
  });

  test('a point whose tokens were looked at late is not valid, whatever was sent in time', () => {
    const stream = (late: object) => ({ outputTokens: 0, outputTokensPerSecond: 0, ...late });
    const judged = (late: object) => {
      const times = { p50: 9000, p90: 9000, p95: 9000, p99: 9000 };
      const counts = { scheduled: 10, sent: 10, dropped: 0, peakInFlight: 1, maxInFlight: 10, errorsByClass: {} };
      const outcomes = { ok: 10, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };
      return judgeValidity({ status: 'complete', ...counts, outcomes, response: times, stream: stream(late) });
    };
    expect(judged({ lateReads: 0.01, firstLateP99: 1 })).toBe('valid');
    expect(judged({ lateReads: 0.02, firstLateP99: 1 })).toMatch(/^invalid: client-limited \(2.0 % of reads stamped/);
    expect(judged({ firstLateP99: 3.25 })).toContain('first tokens stamped late: p99 up to 3.3 ms, 1.0 ms allowed');
  });
});

describe('counts as they are told', () => {
  test.each([
    [
      'OpenAI',
      {
        usage: {
          prompt_tokens: 9,
          completion_tokens: 7,
          completion_tokens_details: { reasoning_tokens: 3 },
          prompt_tokens_details: { cached_tokens: 8 },
        },
      },
      [9, 7, 3, 8],
    ],
    [
      'an API that counts reasoning apart',
      {
        usage: {
          prompt_tokens: 9,
          completion_tokens: 7,
          total_tokens: 19,
          completion_tokens_details: { reasoning_tokens: 3 },
        },
      },
      [9, 10, 3, undefined],
    ],
    [
      'DeepSeek',
      { usage: { prompt_tokens: 9, completion_tokens: 7, prompt_cache_hit_tokens: 4 } },
      [9, 7, undefined, 4],
    ],
    ['Ollama', { prompt_eval_count: 9, eval_count: 7 }, [9, 7, undefined, undefined]],
    ['the chain', { usage: { prompt_eval_count: 9, eval_count: 7 } }, [9, 7, undefined, undefined]],
    ['llama-server', { timings: { prompt_n: 2, cache_n: 7, predicted_n: 5 } }, [9, 5, undefined, 7]],
    ['nobody', { usage: null, timings: 'x', eval_count: -1 }, [undefined, undefined, undefined, undefined]],
  ])('by %s', (_, body, [prompt, output, reasoning, cached]) => {
    const { prompt_tokens, output_tokens, reasoning_tokens, cached_tokens } = usageOf(body);
    expect([prompt_tokens, output_tokens, reasoning_tokens, cached_tokens]).toEqual([
      prompt,
      output,
      reasoning,
      cached,
    ]);
  });
});
