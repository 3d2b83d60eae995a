import type { SecondSample, SweepReport } from '../load/types.ts';

/** One second of one point. */
export interface SeriesSample extends SecondSample {
  readonly index: number;
  readonly rate: number;
}

/** Everything that a report is made of: what a recorded run tells, and nothing of the machine that reads it. */
export interface ReportedRun {
  readonly report: SweepReport;
  readonly series: readonly SeriesSample[];
  /** Facts of the manifest worth showing, in this order: name and text. */
  readonly about: readonly (readonly [name: string, text: string])[];
}
