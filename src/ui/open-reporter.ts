import type { Reporter } from '../events.ts';
import type { SweepKeysDeps } from './ink/sweep-keys.ts';

interface ReporterChoice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly canAnimate: boolean;
  /** How keys steer a sweep, where there is a live view. */
  readonly keys: SweepKeysDeps;
}

/** Picks one of the reporters; each is loaded only when it is used. With `json` every event is a line, for programs. */
export async function openReporter({ json, quiet, canAnimate, keys }: ReporterChoice): Promise<Reporter> {
  const { stderr } = process;
  if (quiet) return { handle: () => {}, close: async () => {} };
  if (json) return { handle: (event) => stderr.write(`${JSON.stringify(event)}\n`), close: async () => {} };
  if (canAnimate) {
    const { inkReporter } = await import('./ink/ink-reporter.tsx');
    return inkReporter(stderr, keys);
  }
  const { linesReporter } = await import('./lines/lines-reporter.ts');
  const { columnsOf } = await import('./format/entry.ts');
  return linesReporter((line) => stderr.write(line), undefined, columnsOf(stderr));
}
