import type { Criterion, Limit } from '../stats/criterion.ts';
import type { PointSummary, SweepPlan, SweepReport } from '../types.ts';

/** A rate that is offered for a while; measured, it is a point. */
export interface Step {
  readonly index: number;
  /** Requests per second; of a closed loop, requests kept open. */
  readonly rate: number;
  /** Where it is not the plan's. */
  readonly durationSeconds?: number;
  /** Requests after which it ends, where they are not the plan's. */
  readonly requests?: number;
}

/** Which step comes next, given the points that are done; undefined at the end. `problem` is why there can be none. */
export type NextStep = (done: readonly PointSummary[]) => Step | { readonly problem: string } | undefined;

/** What of the settings of a sweep concerns its profile. */
export interface ProfileSettings {
  readonly rates: readonly number[];
  readonly durationSeconds: number;
  /** Keep so many requests open at each point instead of a rate. */
  readonly loop?: NonNullable<SweepPlan['loop']>;
  readonly requests?: number;
  /** Search for the knee between the lowest and the highest rate instead of offering each. */
  readonly findKnee?: boolean;
  /** Of a point that such a search offers again because it did not tell; default: `durationSeconds`. */
  readonly maxDurationSeconds?: number;
  /** What such a search has to hold; without any it looks for what the target sustains. */
  readonly slos?: readonly Criterion[];
  readonly goodput?: readonly Limit[];
  /** Make a group grow and shrink; `rates` are the bounds, and the steps come from elsewhere. */
  readonly elastic?: NonNullable<SweepPlan['elastic']>;
}

/** The part of a plan that its profile decides. */
export type ProfilePlan = Pick<SweepPlan, 'rates' | 'loop' | 'search' | 'limit' | 'elastic'>;

export interface Note {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** How a load runs: which rates it offers, in which order, and what can be said of the points; what is absent is not so. */
export interface Profile {
  /** Also the field of a plan, in manifests too, that says what only this profile knows; `list` has none. */
  readonly name: string;
  /** What such a sweep is called where it begins a sentence. */
  readonly title: string;
  /** Its points are decided while it runs: until then `rates` of the plan are their bounds. */
  readonly isOpen?: boolean;
  /** A step begins as soon as all requests of the one before are sent. */
  readonly overlap?: boolean;
  /** A rate comes again on purpose, and each of its points counts for itself. */
  readonly repeats?: boolean;
  /** Its points together have a knee. */
  readonly hasKnee?: boolean;
  /** It looks for the knee itself, with longer points where they are needed, on a target that does not change. */
  readonly seeksKnee?: boolean;
  /** Why a run of it cannot go on later, and what to do instead; absent where it can. */
  readonly noResume?: { readonly why: string; readonly next: string };
  /** Its part of the plan; undefined where the settings ask for another profile. */
  plan(settings: ProfileSettings): ProfilePlan | undefined;
  /** Decides the steps of one sweep. Where a group decides, it comes from there instead. */
  steps(plan: SweepPlan): NextStep;
  /** What its points come to, where that is not the knee of a ladder. */
  conclude?(plan: SweepPlan, points: readonly PointSummary[]): Pick<SweepReport, 'knee' | 'searched' | 'limit'>;
  /** Points that a plan has, at most. */
  mostPoints(plan: SweepPlan): number;
  /** Longest duration of a point, seconds, where that is not the plan's. */
  longestSeconds?(plan: SweepPlan): number;
  /** Requests that are measured at most, for the space on disk; absent where the rates tell. */
  mostRequests?(plan: ProfilePlan, durationSeconds: number): number;
  /** What an operator should know before the first request. */
  notes?(plan: SweepPlan): readonly Note[];
  /** What is going to happen, as one sentence without its end. */
  describe(plan: SweepPlan): string;
}
