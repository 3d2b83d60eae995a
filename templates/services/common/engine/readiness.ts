import { plainText } from '../engine-error.ts';
import { UpstreamError } from '../upstream.ts';

/** How long a finding is repeated, and how long a health request waits for a new one, in milliseconds. */
export const FRESH_MS = 1000;
export const PROBE_TIMEOUT_MS = 800;
export const LOAD_TIMEOUT_MS = 600_000;
/** The engine is looked at this often when nobody asks. */
export const WATCH_MS = 10_000;

export interface Readiness {
  readonly ready: boolean;
  /** Why not; absent when ready. */
  readonly reason?: string;
  readonly simulated: boolean;
  /** The engine cannot be asked at all: there is no connection, or what it answers is none of its answers. */
  readonly unreachable?: boolean;
}

/** Whether an engine has the own model, ready for the requests. */
export interface EngineState {
  /** Resolves within about 0.8 s, whatever the engine does. @param maxAgeMs 1000 where nothing else is said */
  current(maxAgeMs?: number): Promise<Readiness>;
  close(): void;
}

export const NOT_ASKED: Readiness = { ready: false, reason: 'engine not asked yet', simulated: false };

/** For a probe that failed. */
export function unreachable(error: unknown, simulated: boolean): Readiness {
  const timeout = error instanceof UpstreamError && error.kind === 'timeout';
  const reason = `engine ${timeout ? 'does not answer' : 'cannot be reached'}: ${messageOf(error)}`;
  return { ready: false, reason, simulated, unreachable: true };
}

/** Resolves when the work has ended or after `ms`, whichever is first. */
export function settledOr(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export function messageOf(error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error));
}
