import { pairs, type Span } from './bounds.ts';

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
  const stretches = pairs(polls).map(([from, to]) => ({ from, to, ms: to.at - from.at }));
  const known = stretches.flatMap(({ from, to, ms }) => {
    const [before, after] = [from.instances, to.instances];
    if (before === undefined || after === undefined || ms > longest) return [];
    const change = demandAt(demand, to.at) - demandAt(demand, from.at);
    return [{ ms, before, after, change, pieces: piecesOf(demand, from.at, to.at) }];
  });
  const lengthOf = (parts: readonly { readonly ms: number }[]) => parts.reduce((sum, { ms }) => sum + ms, 0);
  const covered = lengthOf(known);
  if (covered === 0) return undefined;
  const span = (loss: Loss): Span => {
    let [least, most] = [0, 0];
    for (const { before, after, pieces } of known) {
      for (const piece of pieces) {
        const [early, late] = [loss(after, piece.demand), loss(before, piece.demand)];
        least += Math.min(early, late) * piece.ms;
        most += Math.max(early, late) * piece.ms;
      }
    }
    return [percent(least / covered), percent(most / covered)];
  };
  const apart = known.filter(({ before, after, change }) => Math.sign(after - before) !== Math.sign(change));
  return {
    underAccuracy: span(UNDER),
    overAccuracy: span(OVER),
    underTime: span(TOO_LITTLE),
    overTime: span(TOO_MUCH),
    instability: percent(lengthOf(apart) / covered),
    coveredSeconds: covered / 1000,
    unknownSeconds: (lengthOf(stretches) - covered) / 1000,
  };
}

export function demandAt(demand: readonly DemandChange[], at: number): number {
  return (demand.findLast((change) => change.at <= at) ?? demand[0])?.instances ?? 1;
}

/** A stretch of time cut where the demand changes. */
function piecesOf(demand: readonly DemandChange[], from: number, to: number) {
  const cuts = [from, ...demand.map(({ at }) => at).filter((at) => at > from && at < to), to];
  return pairs(cuts).map(([start, end]) => ({ ms: end - start, demand: demandAt(demand, start) }));
}

/** Hundredths of a per cent: polls are not finer. */
function percent(share: number): number {
  return Math.round(share * 10_000) / 100;
}
