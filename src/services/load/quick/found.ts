import type { Refusal } from './quick-plan.ts';

/** What a user of the target gets, of one number of requests at once. */
export interface Experience {
  readonly concurrent: number;
  /** Answers that the medians are of. */
  readonly answers: number;
  /** Answers per second, of all together. */
  readonly rps: number;
  /** Medians: first token, whole answer, milliseconds; tokens per second of one answer. */
  readonly ttftMs?: number;
  readonly responseMs?: number;
  readonly tokensPerSecondPerUser?: number;
  /** Of all answers together. */
  readonly tokensPerSecond?: number;
  /** Of one answer, on average. */
  readonly answerTokens?: number;
  /** Its tokens are counted events: the target does not tell them. */
  readonly isEstimate?: true;
  /** This machine did not send or read on time: its own delay is in the times. */
  readonly isLate?: true;
  readonly failed: number;
}

/** The highest rate that was sustained, the lowest above it that was not, and why; requests per second. */
export interface QuickKnee {
  readonly rps?: number;
  /** How long it was, seconds. */
  readonly seconds?: number;
  readonly below?: number;
  /** Of those at the rate that was not sustained: how many failed, and the class of most. Absent where none did. */
  readonly refused?: Refusal;
  /** Rates in between that this machine could not measure: it is a lower bound. */
  readonly unmeasured?: readonly number[];
  /** The highest rate that was offered and sustained is the highest that was to be. */
  readonly isTop?: true;
}

/** What a quick look has found. */
export interface Findings {
  /** What each request asked: tokens of its prompt, most tokens of its answer. */
  readonly asked: { readonly promptTokens: number; readonly isEstimate?: true; readonly maxTokens?: number };
  /** Requests that were sent and count. */
  readonly requests: number;
  readonly alone?: Experience;
  /** At the number of requests from which on more bring no more; or the most that were tried. */
  readonly full?: Experience;
  /** The most that it got done, and at how many at once. */
  readonly most?: Pick<Experience, 'concurrent' | 'rps' | 'tokensPerSecond'>;
  /** Whether more at once would bring no more. */
  readonly isSaturated: boolean;
  /** What more at once do then: wait for their turn, or make all of them slower. Absent where nothing tells. */
  readonly crowd?: 'wait' | 'share';
  /** What says that more at once are refused. */
  readonly refused?: Refusal;
  /** About how many requests it works on at once, where more wait. */
  readonly parallel?: number;
  /** From so many at once on this machine was the limit, and the answers per second that came all the same. */
  readonly machineLimit?: { readonly concurrent: number; readonly rps: number };
  readonly knee?: QuickKnee;
  /** What failed, and why. */
  readonly failures: readonly string[];
  /** What a minute did not tell. */
  readonly unknown: readonly string[];
  /** To be pasted. */
  readonly next: readonly NextCommand[];
}

/** What to try next. */
export interface NextCommand {
  /** What it tells, and about how long it takes. */
  readonly why: string;
  /** To be pasted into a shell, on one line. */
  readonly command: string;
  readonly words: readonly string[];
}

/** What the commands that go on follow from. */
export type Known = Omit<Findings, 'unknown' | 'next'>;
