import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';

/** What a target gets done when it never lacks work. */
export interface Capacity {
  readonly perSecond: number;
  /** One standard error of it, relative. */
  readonly error: number;
  readonly answers: number;
}

/**
 * A closed loop: as many requests in flight as are given, each followed by the next at once. With one more in flight than
 * the target has places none of them is ever without work, and what is answered per second is its capacity.
 *
 * @param url `/chain` or `/invoke`; gets the prompt of a sweep, each time with another beginning
 * @param answers how many to count, after the first of each that was in flight
 * @throws Error for an answer that is no success: then there is no capacity to tell
 */
export async function closedLoop(url: string, inFlight: number, answers: number): Promise<Capacity> {
  // What differs comes first: engines reuse the work for a common beginning.
  const body = (index: number) => JSON.stringify({ prompt: `${index} in a closed loop. ${DEFAULT_PROMPT}` });
  const ends: number[] = [];
  let next = 0;
  const client = async () => {
    while (ends.length < answers + inFlight) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body: body(next++) });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 200)}`);
      ends.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return capacityOf(ends.slice(inFlight - 1, inFlight + answers));
}

/** By the times between answers: with one place at the target they are its service times. */
function capacityOf(ends: readonly number[]): Capacity {
  const between = ends.slice(1).map((end, i) => (end - (ends[i] ?? 0)) / 1000);
  const mean = between.reduce((sum, each) => sum + each, 0) / between.length;
  const variance = between.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (between.length - 1);
  return { perSecond: 1 / mean, error: Math.sqrt(variance / between.length) / mean, answers: between.length };
}
