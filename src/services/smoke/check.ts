import type { Reply, Transport } from '../chain/client.ts';
import { tokenRemedy } from '../chain/token.ts';
import type { EngineTimes } from '../workloads/answers.ts';

export interface Bounds {
  /** Of B, seconds; undefined where nobody knows what the stack was deployed with. */
  readonly minProcessSeconds: number | undefined;
  /** For one health. */
  readonly healthTimeoutMs: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** A prompt that no other check has sent. */
  readonly prompt: () => string;
}

export interface Finding {
  readonly passed: boolean;
  /** There is nothing to check, and no fault in that. */
  readonly skipped?: boolean;
  readonly actual: string;
  readonly remedy?: string | undefined;
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

interface AnswerCheck<T> extends Omit<Check, 'run'> {
  ask(base: string): Promise<Reply<T>>;
  /** @param seconds of the whole exchange */
  judge(body: T, seconds: number): Finding;
  /** When this one gets no answer, nothing else that asks the same service can do better. */
  readonly decisive?: boolean;
}

/** A check of what a service has promised to answer. */
export function answerCheck<T>({ ask, judge, decisive = false, ...check }: AnswerCheck<T>): Check {
  return {
    ...check,
    async run(base) {
      const reply = await ask(base);
      if (reply.kind === 'answer') return judge(reply.body, reply.seconds);
      const failure = failureOf(reply, check.side.toUpperCase());
      return decisive ? { ...failure, unreachable: reply.kind === 'transport' } : failure;
    },
  };
}

/** What is wrong, if it is, and what to do about it. */
type Fault = readonly [why: string | false | undefined, remedy: string];

/** Passed, unless one of the faults is there: then the first. */
export function judged(actual: string, simulated: boolean, faults: readonly Fault[]): Finding {
  const [why, remedy] = faults.find(([each]) => each) ?? [];
  return why ? { passed: false, actual: `${actual}: ${why}`, remedy } : { passed: true, actual, simulated };
}

/** Rounding on the services' side: they report milliseconds, and sum up before they round. */
const TOLERANCE_SECONDS = 0.02;

/** Whether `smaller <= larger`, rounding forgiven. */
export function notMore(smaller: number, larger: number): boolean {
  return smaller <= larger + TOLERANCE_SECONDS;
}

/** `, total_seconds >= 5`, or nothing to check but the sign, which the schema does. */
export function minimumText(field: string, minimum: number | undefined): string {
  return minimum === undefined ? '' : `, ${field} >= ${minimum}`;
}

/** Why a time is below the minimum processing time, if it is. */
export function checkMinimum(seconds: number, minimum: number | undefined): string | undefined {
  if (minimum === undefined || notMore(minimum, seconds)) return undefined;
  return `answered after ${seconds.toFixed(3)} s, before the minimum processing time of ${minimum} s`;
}

/** Why a reported time cannot be true, if it is longer than the whole exchange took here. */
export function checkMeasured(reported: number, measured: number, field: string): string | undefined {
  if (notMore(reported, measured)) return undefined;
  return `${field} is more than the ${measured.toFixed(3)} s that the whole request took here`;
}

/** ` (engine: queue and rest 0.1 s, load 0.2 s, prompt 1.5 s, generation 3.4 s)`, or nothing where the engine does not tell. */
export function engineText(engine: EngineTimes | undefined): string {
  if (engine === undefined) return '';
  const { queue_seconds: queue, load_seconds: load, prompt_seconds: prompt, generation_seconds: generation } = engine;
  return ` (engine: queue and rest ${queue} s, load ${load} s, prompt ${prompt} s, generation ${generation} s)`;
}

type Failure = Exclude<Reply<unknown>, { kind: 'answer' }>;

/**
 * What to say when a typed call did not bring the promised answer.
 *
 * @param name of the service, for a person: `A`
 */
export function failureOf(reply: Failure, name: string): Finding {
  if (reply.kind === 'transport') return transportFinding(reply);
  if (reply.kind === 'malformed') {
    const remedy = `check that the address is service ${name}'s and that its version keeps the contract`;
    return { passed: false, actual: `200, but not as promised: ${reply.reason}`, remedy };
  }
  const { status, detail } = reply;
  const remedy = status === 401 ? tokenRemedy(detail.includes('wrong')) : remedyOf(status, name);
  return { passed: false, actual: `${status}: ${detail}`, remedy };
}

export function transportFinding({ code, reason, remedy }: Transport): Finding {
  // A timeout of one slow call says nothing about the next one; a refused connection does.
  return { passed: false, actual: reason, remedy, unreachable: code !== 'timeout' && code !== 'closed' };
}

function remedyOf(status: number, name: string): string {
  const address = `check that the address is service ${name}'s`;
  const remedies: Readonly<Record<number, string>> = {
    404: address,
    405: address,
    502: `a hop behind ${name} failed: check the log of ${name} and the engine behind it`,
    503: `${name} is not ready, draining or overloaded: wait until its model is loaded, then run this again`,
    504: `a hop behind ${name} is too slow: check its load, or raise its timeout`,
  };
  return remedies[status] ?? `check the log of ${name}`;
}
