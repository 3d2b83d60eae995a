import { z } from 'zod';
import type { ChainClient } from '../../chain/client.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { saidBy } from '../../chain/said.ts';
import type { Clock } from '../../clock.ts';
import { defined } from '../../defined.ts';
import { parseJson } from '../../words.ts';
import type { Judge } from '../protocols/protocol.ts';
import { redirectOf } from './health.ts';

const TRIES = 3;
/** Slower than this, one probe has to do: three would be a wait of their own. */
const SLOW_MS = 2000;
const PAUSE_MS = 250;
/** Less than this is no loading that anybody would be told of. */
const LOADING_MS = 500;
/** A probe is back at its baseline within this factor, or this many milliseconds of it. */
const NEAR_FACTOR = 2;
const NEAR_MS = 50;

export type Probe = (timeoutMs: number, signal: AbortSignal) => Promise<ProbeAnswer>;

/** What a target takes for one request that it has for itself, and how it was asked. */
export interface Baseline {
  readonly probe: Probe;
  readonly ms: number;
}

export interface ProbeAnswer {
  readonly ms: number;
  readonly ok: boolean;
  /** What it was instead of a success. */
  readonly why: string;
  /** What came of it, where it was a success by its status. */
  readonly text?: string;
  /** Of an HTTP answer. */
  readonly status?: number;
  /** What the answer says about its failure. */
  readonly said?: string;
  /** What is wrong with a success by its status: the class under which the load would count it. */
  readonly fault?: string;
  /** Where the target sends its callers instead of answering. */
  readonly redirect?: { readonly status: number; readonly to: string };
}

/** How a target is asked for one request. */
export interface Probing {
  readonly targetUrl: string;
  readonly nextBody: () => string;
  readonly client: Pick<ChainClient, 'raw'>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Reads one answer, and judges it as the load will. */
  readonly reading: () => Reading;
}

/** What becomes of one answer. */
export interface Reading {
  /** The text is what is kept of it. */
  readonly judge: Judge;
  /** Told of each piece as it comes, up to so many bytes. */
  readonly onRead?: (bytes: Buffer) => void;
  readonly maxReadBytes?: number;
}

/** One ordinary request, outside of every figure; never rejects but for an abort. */
export function prober({ targetUrl, nextBody, client, headers, reading }: Probing): Probe {
  const request = { url: targetUrl, method: 'POST', ...defined({ headers }) } as const;
  return async (timeoutMs, signal) => {
    const bound = Math.max(1, Math.ceil(timeoutMs));
    const { judge, ...reads } = reading();
    const reply = await client.raw({ ...request, body: nextBody(), timeoutMs: bound, signal, ...reads });
    const ms = reply.seconds * 1000;
    if (reply.kind === 'transport') return { ms, ok: false, why: reply.reason };
    const { status, text } = reply;
    if (status >= 200 && status < 300) {
      const { outcome, class: fault, error } = judge(status, text);
      return outcome === 'ok'
        ? { ms, ok: true, why: '', text, status }
        : { ms, ok: false, why: error, text, status, fault };
    }
    const to = redirectOf(reply, targetUrl);
    if (to !== undefined) {
      return { ms, ok: false, status, why: `status ${status}, redirects to ${to}`, redirect: { status, to } };
    }
    const said = saidBy(text)?.words;
    const why = `status ${status}${said === undefined ? '' : `: ${excerpt(said)}`}`;
    return { ms, ok: false, why, status, ...defined({ said }) };
  };
}

/**
 * What a request takes when nothing else is asked for: the median of three, or one where the target is slow. A slow first
 * one may have paid for loading the model: unless its answer tells that it did not, another one is asked for.
 *
 * @returns `loadingMs`: what the first request paid for loading the model beyond that, where it did
 */
export async function measureBaseline(
  probe: Probe,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeAnswer & { readonly loadingMs?: number }> {
  const answers: ProbeAnswer[] = [];
  for (let n = 0; n < TRIES; n++) {
    const answer = await probe(timeoutMs, signal);
    if (!answer.ok) return answer;
    answers.push(answer);
    if (answer.ms > SLOW_MS && (n > 0 || !mayHaveLoaded(answer))) break;
  }
  const loadingMs = loadingOf(answers);
  const [, ...loaded] = answers;
  const counted = (loadingMs === undefined ? answers : loaded).toSorted((a, b) => a.ms - b.ms);
  const median = counted[Math.floor((counted.length - 1) / 2)] ?? { ms: 0, ok: false, why: 'no probe' };
  return defined({ ...median, loadingMs });
}

/** A loaded model costs a few tenths of a second a hop, too, on a busy machine: this is more than that. */
const LOADED_SHARE = 0.1;

function mayHaveLoaded(answer: ProbeAnswer): boolean {
  const loadMs = loadMsIn(answer.text);
  return loadMs === undefined || loadMs > LOADED_SHARE * answer.ms;
}

/**
 * What the first of several requests paid for loading: by the engine's own figures where all tell them, else what it took
 * longer than the next, where that is more than half of it.
 */
function loadingOf([first, next]: readonly ProbeAnswer[]): number | undefined {
  if (first === undefined || next === undefined || first.ms - next.ms < LOADING_MS) return undefined;
  const [paid, usual] = [loadMsIn(first.text), loadMsIn(next.text)];
  if (paid !== undefined && usual !== undefined) return paid - usual > LOADING_MS ? paid - usual : undefined;
  return first.ms > 2 * next.ms ? first.ms - next.ms : undefined;
}

/** Milliseconds for which the engines of an answer of A or B, or Ollama, made their model ready; undefined where it does not tell. */
function loadMsIn(text = ''): number | undefined {
  const { data } = probed.safeParse(parseJson(text));
  // Ollama's own, nanoseconds.
  if (data?.load_duration !== undefined) return data.load_duration / 1e6;
  const loads = [data?.timing, data?.b_result?.timing].flatMap((timing) => timing?.engine?.load_seconds ?? []);
  return loads.length === 0 ? undefined : loads.reduce((sum, seconds) => sum + seconds * 1000, 0);
}

const hop = z.looseObject({ engine: z.looseObject({ load_seconds: z.number() }).optional() });
const probed = z.looseObject({
  timing: hop.optional(),
  load_duration: z.number().optional(),
  b_result: z.looseObject({ timing: hop.optional() }).optional(),
});

interface CalmTerms {
  readonly boundMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Told what every probe saw that was not calm, and is not the last. */
  readonly onBusy: (seen: string) => void;
}

/**
 * Waits until a probe takes no longer than it did before the sweep, so that a point does not begin on what the one
 * before has left in the target's queues.
 *
 * @returns undefined when it is so, or the sentence that makes the next point contaminated
 */
export async function waitUntilCalm(
  { probe, ms: baselineMs }: Baseline,
  { boundMs, signal, clock, onBusy }: CalmTerms,
): Promise<string | undefined> {
  const allowed = Math.max(NEAR_FACTOR * baselineMs, baselineMs + NEAR_MS);
  const began = clock.monotonic();
  for (;;) {
    // At least one probe has the time that a calm target needs.
    const left = boundMs - (clock.monotonic() - began);
    const answer = await probe(Math.max(left, allowed), signal);
    if (answer.ok && answer.ms <= allowed) return undefined;
    const waited = clock.monotonic() - began;
    const seen = answer.ok ? `takes ${answer.ms.toFixed(0)} ms` : `fails (${answer.why})`;
    if (waited + PAUSE_MS >= boundMs) {
      return (
        `a probe still ${seen} after ${(waited / 1000).toFixed(1)} s, and took ${baselineMs.toFixed(0)} ms before the ` +
        'sweep: the target was still busy with the point before'
      );
    }
    onBusy(seen);
    await clock.sleep(PAUSE_MS, signal);
  }
}
