import { durationText, LONGEST_SECONDS, parseDuration } from '../../../durations.ts';
import { reasonOf, remedy } from '../../../errors.ts';
import { arrivalsWithin } from './arrivals.ts';
import { floorTo } from './floor-to.ts';

/** A part of a window in which the rate goes evenly from one to another, or stays. */
export interface Stage {
  readonly seconds: number;
  /** Requests per second. */
  readonly from: number;
  readonly to: number;
}

const MAX_RATE = 100_000;
const MOST_STAGES = 100;

/** What stages make together: a point's length, and the rate that it has on average. */
export interface Staged {
  readonly stages: readonly Stage[];
  readonly durationSeconds: number;
  readonly rate: number;
}

/**
 * Reads stages: `10-100` is a ramp, `50` a step, and `30s:10-100,1m:100` has lengths of its own; without them all are
 * equally long.
 *
 * @param durationSeconds of all together, where they have no lengths
 * @throws RemedyError (exit 2) that names the stage
 */
export function parseStages(text: string, durationSeconds: number): Staged {
  const items = text.split(',').map((each) => each.trim());
  if (items.length > MOST_STAGES) throw wrong(text, `it has ${items.length} stages, and at most ${MOST_STAGES}`);
  const withLength = items.filter((item) => item.includes(':')).length;
  if (withLength > 0 && withLength < items.length) throw wrong(text, 'either all stages have a length or none has');
  const stages = items.map((item, at): Stage => {
    const [, length, from, to = from] = /^(?:([^:]*):)?(\d+\.?\d*|\.\d+)(?:-(\d+\.?\d*|\.\d+))?$/.exec(item) ?? [];
    if (from === undefined) throw wrong(text, `stage ${at + 1}, "${item}", is no rate and no FROM-TO`);
    const seconds = length === undefined ? durationSeconds / items.length : lengthOf(length, text, at);
    const stage = { seconds, from: Number(from), to: Number(to) };
    if (Math.max(stage.from, stage.to) > MAX_RATE) throw wrong(text, `a rate may be at most ${MAX_RATE}`);
    return stage;
  });
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  if (seconds > LONGEST_SECONDS) {
    throw wrong(text, `all together they take longer than ${durationText(LONGEST_SECONDS)}`);
  }
  const count = requestsOf(stages);
  if (count < 1) throw wrong(text, 'all together it is not one request');
  return { stages, durationSeconds: seconds, rate: meanRate(count, seconds) };
}

/** The rate that brings so many requests, of as few digits as that takes: one that is rounded up brings one more. */
function meanRate(count: number, seconds: number): number {
  const exact = count / seconds;
  const wanted = arrivalsWithin(seconds, exact);
  const digits = [6, 7, 8, 9, 10].find((each) => arrivalsWithin(seconds, floorTo(exact, each)) === wanted);
  return digits === undefined ? exact : floorTo(exact, digits);
}

function lengthOf(text: string, all: string, at: number): number {
  let seconds: number;
  try {
    seconds = parseDuration(text);
  } catch (error) {
    throw wrong(all, `stage ${at + 1}: ${reasonOf(error)}`);
  }
  if (seconds < 0.1) throw wrong(all, `stage ${at + 1} is shorter than 100 ms`);
  return seconds;
}

function requestsOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, { seconds, from, to }) => sum + (seconds * (from + to)) / 2, 0);
}

/**
 * Bends evenly spread times so that the rate follows the stages: where it is twice as high, time goes half as far.
 *
 * @param times milliseconds within `[0, lengthMs)`, of a process whose rate is the stages' mean
 */
export function warped(times: Float64Array, lengthMs: number, stages: readonly Stage[]): Float64Array {
  const perMs = requestsOf(stages) / lengthMs;
  const bent = new Float64Array(times.length);
  let at = 0;
  let [before, beganMs] = [0, 0];
  for (const [i, time] of times.entries()) {
    const due = time * perMs;
    for (let own = requestsOf([stages[at] as Stage]); at < stages.length - 1 && due >= before + own; ) {
      before += own;
      beganMs += (stages[at] as Stage).seconds * 1000;
      own = requestsOf([stages[++at] as Stage]);
    }
    const { seconds, from, to } = stages[at] as Stage;
    const rest = due - before;
    const root = Math.sqrt(Math.max(0, from * from + (2 * (to - from) * rest) / seconds));
    bent[i] = beganMs + (rest === 0 ? 0 : (2000 * rest) / (from + root));
  }
  return bent;
}

/** The stages as they are read. */
export function formatStages(stages: readonly Stage[]): string {
  return stages.map(({ seconds, from, to }) => `${seconds}s:${from === to ? from : `${from}-${to}`}`).join(',');
}

function wrong(text: string, why: string) {
  return remedy.usage('stages-invalid', `--stages "${text}": ${why}`, [
    'write rates per second: --stages 10-100 is a ramp over --duration, --stages 10,50,100 are three steps',
    'or with lengths: --stages 30s:10-100,1m:100,30s:100-10',
  ]);
}
