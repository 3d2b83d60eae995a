export interface LogLine {
  readonly source: string;
  readonly line: string;
}

/** Whose logs: `b` is all its replicas, undefined is everything. */
export type LogSelection = string | undefined;

/** What the process wrote, or one JSON line per request. */
export type LogKind = 'process' | 'requests';

/** A log that can be read, wherever it is. */
export interface LogSource {
  /** Names it over all targets of the stack. */
  readonly source: string;
  /** The last `count` lines; later reads go on from there. */
  tail(count: number): Promise<readonly LogLine[]>;
  /** Whole lines that came since the last read. */
  read(): Promise<readonly LogLine[]>;
}
