import type { Clock } from '../clock.ts';

/** One line of one service's log. */
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

const POLL_MS = 250;

/**
 * Follows logs until the signal is aborted; new ones (a replica that is added) are picked up.
 *
 * @param known those that were read already; of those that `find` returns again, these are read on
 */
export async function followLogs(
  known: readonly LogSource[],
  find: () => Promise<readonly LogSource[]>,
  print: (line: LogLine) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const sources = new Map(known.map((each) => [each.source, each]));
  while (!signal.aborted) {
    for (const found of await find()) {
      const source = sources.get(found.source) ?? found;
      sources.set(source.source, source);
      for (const line of await source.read()) print(line);
    }
    await clock.sleep(POLL_MS, signal).catch(() => {});
  }
}
