import { OTHER } from '../load/stats/counts.ts';
import { type Bounds, pairs, type Serving } from './bounds.ts';
import type { AnswerSlice, LoadCurve } from './load-curve.ts';
import type { Poll } from './polls.ts';

/** A share is judged over at least so long, and over so many answers for each instance that shares: chance is small then. */
const WINDOW_MS = 10_000;
const ANSWERS_PER_INSTANCE = 10;

/** An instance has its part of the traffic from this much of an even share on. */
export const FAIR_SHARE = 0.8;

/** Who answered when, and which host is which instance. */
export interface Answers {
  /** Of the load itself, by the second; or of `GET /health` through the group's address, from poll to poll. */
  readonly source: 'load' | 'health';
  /**
   * How hosts were told apart: by the instance's name; or, where hosts have names of their own, in the order in which
   * instances began to serve and new hosts began to answer.
   */
  readonly matched: 'name' | 'order';
  readonly slices: readonly AnswerSlice[];
  hostOf(instance: string): string | undefined;
}

/**
 * @param order instances in the order in which they began to serve, those that served from the beginning first
 * @returns undefined where nobody knows the hosts
 */
export function answersOf(
  polls: readonly Poll[],
  load: LoadCurve | undefined,
  order: readonly string[],
): Answers | undefined {
  const isTold = load?.slices.some(({ hosts }) => Object.keys(hosts).length > 0) === true;
  const source = isTold ? 'load' : 'health';
  const slices = isTold ? load.slices : healthSlices(polls);
  const hosts = [...new Set(slices.flatMap((slice) => answering(slice)))];
  if (hosts.length === 0) return undefined;
  const named = (instance: string) => hosts.find((host) => host === instance || host.startsWith(`${instance}.`));
  if (order.some((instance) => named(instance) !== undefined)) {
    return { source, matched: 'name', slices, hostOf: named };
  }
  const byOrder = new Map(order.map((instance, place) => [instance, hosts[place]]));
  return { source, matched: 'order', slices, hostOf: (instance) => byOrder.get(instance) };
}

/** Hosts of a slice, the one with most answers first: it began first. Those that were not told apart are none. */
function answering({ hosts }: AnswerSlice): string[] {
  const counts = Object.entries(hosts).filter(([host, count]) => count > 0 && host !== OTHER);
  return counts.sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([host]) => host);
}

function healthSlices(polls: readonly Poll[]): AnswerSlice[] {
  return pairs(polls).map(([before, { at, sample }]) => {
    const hosts = Object.fromEntries(sample.hosts.map(({ host, answers }) => [host, answers]));
    return { from: before.at, to: at + (sample.tookMs ?? 0), ok: 0, hosts };
  });
}

/** The first answer of a host that ended after a time. */
export function firstAnswer({ slices }: Answers, host: string, since: number): Bounds | undefined {
  const first = slices.find(({ to, hosts }) => to > since && (hosts[host] ?? 0) > 0);
  return first && { after: first.from, by: first.to };
}

/**
 * From when on a host got its part of the traffic: at least {@link FAIR_SHARE} of 1/n of all answers that were counted
 * in a window that begins there, n being the instances that serve at its end. A definition of our own; an even share
 * is what Jain, Chiu and Hawe (1984) call fair. A window is as long as it has to be for chance to matter little. Where
 * nobody knows how many serve, the hosts that answer count.
 */
export function fairShare({ slices }: Answers, host: string, since: Bounds, serving: Serving): Bounds | undefined {
  const begin = slices.findIndex(({ from, to }) => from >= (since.after ?? since.by) || to >= since.by);
  for (let first = begin; first >= 0 && first < slices.length; first++) {
    const slice = slices[first];
    const share = shareOf(host, slices.slice(first), serving);
    if (share === undefined || slice === undefined) return undefined;
    if (!share) continue;
    // It cannot have its part before its first answer.
    return first === begin
      ? since
      : { after: slices[first - 1]?.from ?? slice.from, by: Math.max(slice.from, since.by) };
  }
  return undefined;
}

/** @returns undefined when the answers end before the window does */
function shareOf(host: string, slices: readonly AnswerSlice[], serving: Serving): boolean | undefined {
  const start = slices[0]?.from ?? 0;
  const totals = new Map<string, number>();
  let all = 0;
  for (const { to, hosts } of slices) {
    for (const [each, count] of Object.entries(hosts)) totals.set(each, (totals.get(each) ?? 0) + count);
    all += Object.values(hosts).reduce((sum, count) => sum + count, 0);
    const sharing = Math.max(1, serving(to) ?? totals.size);
    if (to - start < WINDOW_MS || all < ANSWERS_PER_INSTANCE * sharing) continue;
    return (totals.get(host) ?? 0) / all >= FAIR_SHARE / sharing;
  }
  return undefined;
}
