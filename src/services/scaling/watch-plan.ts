/** What a watch is going to do. */
export interface WatchPlan {
  readonly group: string;
  readonly url?: string;
  readonly intervalSeconds: number;
  /** Without it a watch goes on until its condition is met or somebody ends it. */
  readonly forSeconds?: number;
  /** The condition as typed. */
  readonly until?: string;
  /** The folder of the run that it is recorded in. */
  readonly runFolder?: string;
}
