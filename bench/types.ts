/** One figure of a benchmark, with what it has to reach. */
export interface BenchRow {
  readonly what: string;
  /** Null where there was nothing to measure. */
  readonly measured: number | null;
  readonly unit: string;
  /** In words, for people: "at least 2000". */
  readonly target: string;
  readonly ok: boolean;
  /** The same figure of something else, or what limits this one, in words. */
  readonly compare?: string;
}

export interface BenchResult {
  readonly name: string;
  readonly rows: readonly BenchRow[];
}
