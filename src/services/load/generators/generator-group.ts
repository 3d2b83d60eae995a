import { defined } from '../../defined.ts';
import { OWN_DESCRIPTORS } from '../engine/descriptors.ts';
import type { SessionCounts } from '../engine/feed/feed.ts';
import type { Ending, Progress, RunOrder } from '../engine/protocol.ts';
import { steadyNow } from '../engine/steady-clock.ts';
import { arrivalsBefore, arrivalsWithin } from '../schedule/arrivals.ts';
import type { Batch, LoadGenerator, PointEnd } from './load-generator.ts';
import { LocalGenerator } from './local-generator.ts';
import type { GeneratorPlan } from './plan-generators.ts';
import { sharesOf } from './shares.ts';

/** From the orders to the first request, so that every process is ready for the same t0. */
const LEAD_MS = 60;
/** Drawing a schedule takes each process about this long per arrival. */
const DRAW_MS = 0.0004;

/** Several generator processes as one: each sends every n-th request of the one schedule, counted from the one t0. */
export class GeneratorGroup implements LoadGenerator {
  readonly #members: readonly LocalGenerator[];

  private constructor(members: readonly LocalGenerator[]) {
    this.#members = members;
  }

  /**
   * Starts as many processes as the plan says (default one), and waits until they take orders.
   *
   * @throws Error when one ends instead
   */
  static async start({ processes = 1, nurseryMb = 16 }: Partial<GeneratorPlan> = {}): Promise<LoadGenerator> {
    const started = await Promise.allSettled(Array.from({ length: processes }, () => LocalGenerator.start(nurseryMb)));
    const members = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const group = new GeneratorGroup(members);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return processes === 1 ? (members[0] as LocalGenerator) : group;
    await group.close();
    throw failed.reason;
  }

  /** False as soon as one process is gone. */
  get alive(): boolean {
    return this.#members.every(({ alive }) => alive);
  }

  /** Files that the processes may have open together; undefined when there is no limit. */
  get descriptorLimit(): number | undefined {
    // What the processes need for themselves counts once.
    let sum = OWN_DESCRIPTORS;
    for (const { descriptorLimit } of this.#members) {
      if (descriptorLimit === undefined) return undefined;
      sum += descriptorLimit - OWN_DESCRIPTORS;
    }
    return sum;
  }

  async prepare(order: RunOrder): Promise<void> {
    await Promise.all(this.#members.map((member) => member.prepare(order)));
  }

  /** A lost generator ends what the others send too, because from then on a part of the schedule is missing. */
  async run(
    order: RunOrder,
    onBatch: (batch: Batch) => void,
    signal: AbortSignal,
    graceMs: number,
    satisfied?: AbortSignal,
  ): Promise<PointEnd> {
    const shares = sharesOf(order, this.#members.length);
    const count = shares.length;
    const t0 = steadyNow() + LEAD_MS + drawMs(order) + order.warmupMs;
    const latest: (Progress | undefined)[] = shares.map(() => undefined);
    const orphaned = new AbortController();
    let lost: string | undefined;
    const runMember = async (member: LocalGenerator, index: number): Promise<PointEnd> => {
      const onOwn = ({ records, progress }: Batch) => {
        latest[index] = progress;
        onBatch({ records, progress: merged(latest) });
      };
      const either = AbortSignal.any([signal, orphaned.signal]);
      const own = { ...order, t0, ...shares[index] };
      const end = await member.run(own, onOwn, either, graceMs, satisfied);
      if (end.type === 'finished') latest[index] = end.progress;
      else {
        lost ??= `${end.why}, generator ${index + 1} of ${count}`;
        orphaned.abort();
      }
      return end;
    };
    const ends = await Promise.all(this.#members.slice(0, count).map(runMember));
    if (lost !== undefined) {
      await this.close();
      return { type: 'lost', why: lost };
    }
    const finished = ends.filter((end) => end.type === 'finished');
    return { type: 'finished', ...endingOf(finished), progress: merged(latest) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close()));
  }
}

/** When the whole had sent enough, or was stopped: when its last part had or was. */
export function endingOf(parts: readonly Ending[]): Ending {
  const stopped = parts.flatMap(({ stoppedAtMs = [] }) => stoppedAtMs);
  const enough = parts.flatMap(({ enoughAtMs = [] }) => enoughAtMs);
  return defined({
    stoppedAtMs: stopped.length === 0 ? undefined : Math.max(...stopped, ...enough),
    enoughAtMs: enough.length < parts.length ? undefined : Math.max(...enough),
  });
}

function drawMs({ arrivals, rate, warmupMs, durationMs }: RunOrder): number {
  if (arrivals === 'constant') return 0;
  return (arrivalsBefore(warmupMs / 1000, rate) + arrivalsWithin(durationMs / 1000, rate)) * DRAW_MS;
}

const SUMMED = [
  'sent',
  'dropped',
  'inFlight',
  'peakInFlight',
  'newConnections',
  'carried',
  'carriedParts',
  'retried',
  'windowTokens',
  'cpuSeconds',
] as const;

/**
 * Where the group stands. The peaks of its members need not have come at the same moment: their sum is what was open at
 * most.
 */
function merged(latest: readonly (Progress | undefined)[]): Progress {
  const known = latest.filter((progress) => progress !== undefined);
  const newest = known.reduce((a, b) => (b.elapsedMs > a.elapsedMs ? b : a));
  const sums = SUMMED.map((key) => [key, known.reduce((sum, progress) => sum + (progress[key] ?? 0), 0)]);
  const sessions = known.flatMap((progress) => progress.sessions ?? []);
  return { ...newest, ...Object.fromEntries(sums), ...defined({ sessions: sumOf(sessions) }) };
}

function sumOf(counts: readonly SessionCounts[]): SessionCounts | undefined {
  if (counts.length === 0) return undefined;
  const sum = (key: keyof SessionCounts) => counts.reduce((total, each) => total + each[key], 0);
  return { complete: sum('complete'), broken: sum('broken'), cut: sum('cut') };
}
