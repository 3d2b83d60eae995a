import type { Span } from './bounds.ts';

/** The supply as one poll saw it; undefined where it does not tell. */
export interface SupplyPoll {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly instances: number | undefined;
}

/** The demand from a time on, in instances; at least 1 everywhere. */
export interface DemandChange {
  readonly at: number;
  readonly instances: number;
}

/**
 * How well supply followed demand, with the metrics of the SPEC research group's cloud working group, normalised by the
 * demand at each time: N. Herbst et al., "Quantifying Cloud Performance and Dependability: Taxonomy, Metric Design, and
 * Emerging Challenges" (ACM ToMPECS 3(4), 2018), before it "Ready for Rain? A View from SPEC Research on the Future of
 * Cloud Metrics" (SPEC-RG-2016-01, arXiv:1604.03470), after N. Herbst, S. Kounev, R. Reussner, "Elasticity in Cloud
 * Computing: What It Is, and What It Is Not" (ICAC 2013). All are percentages, and 0 is best.
 *
 * Supply is known at the polls only. Where two of them differ, it changed at some time between: the first four are
 * given as the least and the most that this allows, for one change between two polls.
 */
export interface ElasticityMetrics {
  /** theta_U, normalised: mean of the share of the demand that is not supplied. */
  readonly underAccuracy: Span;
  /** theta_O, normalised: mean of what is supplied beyond the demand, by the demand; may exceed 100. */
  readonly overAccuracy: Span;
  /** tau_U: share of the time with too little. */
  readonly underTime: Span;
  /** tau_O: share of the time with too much. */
  readonly overTime: Span;
  /** upsilon: share of the time, from poll to poll, in which the changes of supply and demand differ in sign, either way. */
  readonly instability: number;
  /** Seconds that these figures cover, and how many more there were whose supply is not known. */
  readonly coveredSeconds: number;
  readonly unknownSeconds: number;
}

interface Piece {
  readonly ms: number;
  readonly demand: number;
}

type Loss = (supply: number, demand: number) => number;

const UNDER: Loss = (supply, demand) => Math.max(demand - supply, 0) / demand;
const OVER: Loss = (supply, demand) => Math.max(supply - demand, 0) / demand;
const TOO_LITTLE: Loss = (supply, demand) => (supply < demand ? 1 : 0);
const TOO_MUCH: Loss = (supply, demand) => (supply > demand ? 1 : 0);

/**
 * @param polls in order of time
 * @param demand in order of time; before the first change it is the first one's
 * @param longest milliseconds between two polls from which on nothing is known of the time between them
 * @returns undefined when no stretch between two polls is known
 */
export function elasticityMetrics(
  polls: readonly SupplyPoll[],
  demand: readonly DemandChange[],
  longest: number,
): ElasticityMetrics | undefined {
  const stretches = polls.flatMap((to, place) => {
    const from = polls[place - 1];
    return from === undefined ? [] : [{ from, to, ms: to.at - from.at }];
  });
  const known = stretches.flatMap(({ from, to, ms }) => {
    const [before, after] = [from.instances, to.instances];
    if (before === undefined || after === undefined || ms > longest) return [];
    return [{ ms, before, after, pieces: piecesOf(demand, from.at, to.at), wanted: [from.at, to.at] }];
  });
  const covered = known.reduce((sum, { ms }) => sum + ms, 0);
  const all = stretches.reduce((sum, { ms }) => sum + ms, 0);
  if (covered === 0) return undefined;
  const span = (loss: Loss): Span => {
    const sums = [0, 0] as [number, number];
    for (const { before, after, pieces } of known) {
      for (const piece of pieces) {
        const [early, late] = [loss(after, piece.demand), loss(before, piece.demand)];
        sums[0] += Math.min(early, late) * piece.ms;
        sums[1] += Math.max(early, late) * piece.ms;
      }
    }
    return [percent(sums[0] / covered), percent(sums[1] / covered)];
  };
  const apart = known.filter(({ before, after, wanted: [from = 0, to = 0] }) => {
    const change = demandAt(demand, to) - demandAt(demand, from);
    return Math.sign(after - before) !== Math.sign(change);
  });
  return {
    underAccuracy: span(UNDER),
    overAccuracy: span(OVER),
    underTime: span(TOO_LITTLE),
    overTime: span(TOO_MUCH),
    instability: percent(apart.reduce((sum, { ms }) => sum + ms, 0) / covered),
    coveredSeconds: covered / 1000,
    unknownSeconds: (all - covered) / 1000,
  };
}

export function demandAt(demand: readonly DemandChange[], at: number): number {
  return (demand.findLast((change) => change.at <= at) ?? demand[0])?.instances ?? 1;
}

/** A stretch of time cut where the demand changes. */
function piecesOf(demand: readonly DemandChange[], from: number, to: number): Piece[] {
  const cuts = [from, ...demand.map(({ at }) => at).filter((at) => at > from && at < to), to];
  return cuts.flatMap((end, place) => {
    const start = cuts[place - 1];
    return start === undefined ? [] : [{ ms: end - start, demand: demandAt(demand, start) }];
  });
}

/** Hundredths of a per cent: polls are not finer. */
function percent(share: number): number {
  return Math.round(share * 10_000) / 100;
}
