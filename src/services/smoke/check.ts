import type { Reply, Transport } from '../chain/client.ts';
import { tokenRemedy } from '../chain/token.ts';
import type { EngineTimes } from '../workloads/answers.ts';

/** What checks are made from. */
export interface Bounds {
  /** Of B, seconds; undefined where nobody knows what the stack was deployed with. */
  readonly minProcessSeconds: number | undefined;
  readonly timeoutMs: number;
  /** A prompt that no other check has sent. */
  readonly prompt: () => string;
}

const HEALTH_TIMEOUT_MS = 10_000;

/** Asks for a health at most 10 s long, whatever a whole chain may take. */
export function healthTimeout(timeoutMs: number): number {
  return Math.min(timeoutMs, HEALTH_TIMEOUT_MS);
}

/** What a check found. */
export interface Finding {
  readonly passed: boolean;
  readonly actual: string;
  readonly remedy?: string;
  /** Set when no HTTP answer came at all: what else asks the same service need not be tried. */
  readonly unreachable?: boolean;
  readonly simulated?: boolean;
  readonly hosts?: Readonly<Record<string, number>>;
}

/** One functional check, before it runs. */
export interface Check {
  readonly id: string;
  readonly name: string;
  /** Name of the service that it asks. */
  readonly side: string;
  readonly expected: string;
  run(base: string): Promise<Finding>;
}

/** Rounding on the services' side: they report milliseconds, and sum up before they round. */
const TOLERANCE_SECONDS = 0.02;

/** ` (engine: queue and rest 0.1 s, load 0.2 s, prompt 1.5 s, generation 3.4 s)`, or nothing where the engine does not tell. */
export function engineText(engine: EngineTimes | undefined): string {
  if (engine === undefined) return '';
  const { queue_seconds: queue, load_seconds: load, prompt_seconds: prompt, generation_seconds: generation } = engine;
  return ` (engine: queue and rest ${queue} s, load ${load} s, prompt ${prompt} s, generation ${generation} s)`;
}

/** Whether `smaller <= larger`, rounding forgiven. */
export function notMore(smaller: number, larger: number): boolean {
  return smaller <= larger + TOLERANCE_SECONDS;
}

/**
 * What to say when a typed call did not bring the promised answer; undefined when it did.
 *
 * @param name of the service, for a person: `A`
 */
export function failureOf(reply: Reply<unknown>, name: string): Finding | undefined {
  if (reply.kind === 'answer') return undefined;
  if (reply.kind === 'transport') return transportFinding(reply);
  if (reply.kind === 'malformed') {
    return {
      passed: false,
      actual: `200, but not as promised: ${reply.reason}`,
      remedy: `check that the address is service ${name}'s and that its version keeps the contract`,
    };
  }
  return { passed: false, actual: `${reply.status}: ${reply.detail}`, remedy: remedyOf(reply, name) };
}

export function transportFinding({ code, reason, remedy }: Transport): Finding {
  // A timeout of one slow call says nothing about the next one; a refused connection does.
  return { passed: false, actual: reason, remedy, unreachable: code !== 'timeout' && code !== 'closed' };
}

function remedyOf({ status, detail }: Extract<Reply<unknown>, { kind: 'refused' }>, name: string): string {
  if (status === 401) return tokenRemedy(detail.includes('wrong'));
  if (status === 502) return `a hop behind ${name} failed: check the log of ${name} and the engine behind it`;
  if (status === 504) return `a hop behind ${name} is too slow: check its load, or raise its timeout`;
  if (status === 503) {
    return `${name} is not ready, draining or overloaded: wait until its model is loaded, then run this again`;
  }
  if (status === 404 || status === 405) return `check that the address is service ${name}'s`;
  return `check the log of ${name}`;
}
