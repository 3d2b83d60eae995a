import type { GroupSample } from '../stack/group.ts';

/** How many answers came from one host since the sample before. */
export interface HostCount {
  readonly host: string;
  readonly answers: number;
}

/** What a load offers and gets at the same time. */
export interface LoadSample {
  /** Requests per second that were to be sent. */
  readonly offeredRps: number;
  /** Right answers per second. */
  readonly okRps: number;
  readonly inFlight: number;
}

/** One row of a timeline: a group as one poll saw it, and what its clients saw. */
export interface ScaleSample {
  readonly group: GroupSample;
  /** Answers to `GET /health` through the group's address, by host. */
  readonly hosts: readonly HostCount[];
  /** How many of those questions nobody answered; undefined where none was asked, or asking itself failed. */
  readonly unanswered?: number;
  /** Hosts of right answers of the load, where one runs at the same time. */
  readonly load?: LoadSample;
  /** How long all of the poll took, milliseconds: hosts answered within. */
  readonly tookMs?: number;
  /** Why a part of this poll is missing; the watch goes on. */
  readonly problem?: string;
}

/** What a watch is going to do. */
export interface WatchPlan {
  readonly group: string;
  readonly url?: string;
  readonly intervalSeconds: number;
  /** Without it a watch goes on until its condition is met or somebody ends it. */
  readonly forSeconds?: number;
  readonly until?: string;
  readonly runFolder?: string;
}
