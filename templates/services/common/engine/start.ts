import type { EngineSettings } from './engine-settings.ts';
import { type EngineState, FRESH_MS } from './readiness.ts';

/** A pause between two attempts is no longer than this, in milliseconds, and differs by up to a fifth. */
const LONGEST_MS = 60_000;
const SPREAD = 0.2;

export interface StartDeps {
  /** One line on stderr. */
  readonly warn: (line: string) => void;
  /** Ends the program. */
  readonly exit: (code: number) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number;
}

/**
 * Asks an engine from a program's start on until it can be asked, and from then on until its model is ready, and says on
 * stderr why it cannot. The program serves meanwhile: without an engine it is not ready.
 * @param isClosed ends it
 */
export async function verifyEngine(
  state: Pick<EngineState, 'current'>,
  { url, retries, exitWithout }: Pick<EngineSettings, 'url' | 'retries' | 'exitWithout'>,
  deps: StartDeps,
  isClosed: () => boolean,
): Promise<void> {
  const { warn, exit, sleep } = deps;
  const { count } = retries;
  for (let attempt = 1; !isClosed(); attempt++) {
    const { unreachable, reason } = await state.current(0);
    if (isClosed()) return;
    if (!unreachable) {
      if (attempt > 1) warn(`engine ${url}: reached with attempt ${attempt}`);
      break;
    }
    const pauseMs = pauseAfter(attempt, retries, deps.random());
    const failed = `engine ${url}: attempt ${attempt} of ${count} failed: ${reason}`;
    if (attempt < count) warn(`${failed}; next in ${seconds(pauseMs)} s`);
    if (attempt === count) {
      warn(failed);
      warn(`engine ${url}: not reachable after ${count} attempts, ${exitWithout ? 'exiting' : 'still trying'}`);
      if (exitWithout) return exit(1);
    }
    await sleep(pauseMs);
  }
  while (!isClosed() && !(await state.current()).ready) await sleep(FRESH_MS);
}

/** Doubles from attempt to attempt; after the last one that counts it is the first one's again. */
export function pauseAfter(attempt: number, { count, delayMs }: EngineSettings['retries'], random: number): number {
  const doubled = attempt < count ? delayMs * 2 ** Math.min(attempt - 1, 30) : delayMs;
  return Math.min(LONGEST_MS, doubled) * (1 + SPREAD * (2 * random - 1));
}

function seconds(ms: number): number {
  return Number((ms / 1000).toFixed(ms < 1000 ? 2 : ms < 10_000 ? 1 : 0));
}
