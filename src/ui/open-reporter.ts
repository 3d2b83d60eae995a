import type { SweepKeysDeps } from './ink/sweep-keys.ts';
import type { Reporter } from './reporter-type.ts';
import type { Terminal } from './terminal.ts';

export interface ReporterChoice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly terminal: Terminal;
  readonly stderr: NodeJS.WriteStream;
  /** How keys steer a sweep, where there is a live view. */
  readonly keys?: SweepKeysDeps;
}

/** Picks one of the reporters; each is loaded only when it is used. With `json` every event is a line, for programs. */
export async function openReporter({ json, quiet, terminal, stderr, keys }: ReporterChoice): Promise<Reporter> {
  if (quiet) return { handle: () => {}, close: async () => {} };
  if (json) return { handle: (event) => stderr.write(`${JSON.stringify(event)}\n`), close: async () => {} };
  if (terminal.canAnimate) {
    const { inkReporter } = await import('./ink/ink-reporter.ts');
    return inkReporter(stderr, keys);
  }
  const { linesReporter } = await import('./lines/lines-reporter.ts');
  return linesReporter((line) => stderr.write(line));
}
