import type { Emit } from '../events.ts';
import type { SweepKeysDeps } from './ink/sweep-keys.ts';
import type { Terminal } from './terminal.ts';

/** Shows events to whoever watches. `close` leaves the terminal as a shell expects it. */
export interface Reporter {
  readonly handle: Emit;
  close(): Promise<void>;
}

export interface ReporterChoice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly terminal: Terminal;
  readonly stderr: NodeJS.WriteStream;
  /** How keys steer a sweep, where there is a live view. */
  readonly keys?: SweepKeysDeps;
}

/** Picks one of the reporters; each is loaded only when it is used. */
export async function openReporter({ json, quiet, terminal, stderr, keys }: ReporterChoice): Promise<Reporter> {
  if (quiet) return { handle: () => {}, close: async () => {} };
  if (json) {
    const { jsonReporter } = await import('./json/json-reporter.ts');
    return jsonReporter((line) => stderr.write(line));
  }
  if (terminal.canAnimate) {
    const { inkReporter } = await import('./ink/ink-reporter.ts');
    return inkReporter(stderr, keys);
  }
  const { linesReporter } = await import('./lines/lines-reporter.ts');
  return linesReporter((line) => stderr.write(line));
}
