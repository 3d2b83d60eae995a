import type { ChainClient } from '../../chain/client.ts';
import type { Clock } from '../../clock.ts';
import { redirectOf } from './redirect.ts';

const TRIES = 3;
/** Slower than this, one probe has to do: three would be a wait of their own. */
const SLOW_MS = 2000;
const PAUSE_MS = 250;
/** A probe is back at its baseline within this factor, or this many milliseconds of it. */
const NEAR_FACTOR = 2;
const NEAR_MS = 50;

export type Probe = (timeoutMs: number, signal: AbortSignal) => Promise<ProbeAnswer>;

export interface ProbeAnswer {
  readonly ms: number;
  readonly ok: boolean;
  /** What it was instead of a success. */
  readonly why: string;
  /** What came of it, where it was a success. */
  readonly text?: string;
  /** Where the target sends its callers instead of answering. */
  readonly redirect?: { readonly status: number; readonly to: string };
}

/** One ordinary request, outside of every figure; never rejects but for an abort. */
export function prober(
  targetUrl: string,
  nextBody: () => string,
  client: Pick<ChainClient, 'raw'>,
  token?: string,
): Probe {
  const request = { url: targetUrl, method: 'POST', ...(token === undefined ? {} : { token }) } as const;
  return async (timeoutMs, signal) => {
    const bound = Math.max(1, Math.ceil(timeoutMs));
    const came = await client.raw({ ...request, body: nextBody(), timeoutMs: bound, signal });
    const ms = came.seconds * 1000;
    if (came.kind === 'transport') return { ms, ok: false, why: came.reason };
    const { status } = came;
    if (status >= 200 && status < 300) return { ms, ok: true, why: '', text: came.text };
    const to = redirectOf(came, targetUrl);
    if (to === undefined) return { ms, ok: false, why: `status ${status}` };
    return { ms, ok: false, why: `status ${status}, redirects to ${to}`, redirect: { status, to } };
  };
}

/** What a request takes when nothing else is asked for: the median of three, or one where the target is slow. */
export async function measureBaseline(probe: Probe, timeoutMs: number, signal: AbortSignal): Promise<ProbeAnswer> {
  const answers: ProbeAnswer[] = [];
  for (let n = 0; n < TRIES; n++) {
    const answer = await probe(timeoutMs, signal);
    if (!answer.ok) return answer;
    answers.push(answer);
    if (answer.ms > SLOW_MS) break;
  }
  answers.sort((a, b) => a.ms - b.ms);
  return answers[Math.floor((answers.length - 1) / 2)] ?? { ms: 0, ok: false, why: 'no probe' };
}

/**
 * Waits until a probe takes no longer than it did before the sweep, so that a point does not begin on what the one
 * before has left in the target's queues.
 *
 * @returns undefined when it is so, or the sentence that makes the next point contaminated
 */
export async function waitUntilCalm(
  { probe, ms: baselineMs }: { readonly probe: Probe; readonly ms: number },
  {
    boundMs,
    signal,
    clock,
    onBusy = () => {},
  }: {
    readonly boundMs: number;
    readonly signal: AbortSignal;
    readonly clock: Clock;
    /** Told what every probe saw that was not calm, and is not the last. */
    readonly onBusy?: (seen: string) => void;
  },
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
