import type { Reporter } from '../open-reporter.ts';

/** Every event as one JSON line, for programs that watch. The result itself goes to stdout. */
export function jsonReporter(write: (line: string) => void): Reporter {
  return { handle: (event) => write(`${JSON.stringify(event)}\n`), close: async () => {} };
}
