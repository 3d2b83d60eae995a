import { ExitCode, RemedyError } from './errors.ts';

interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): never;
}

interface Interrupted {
  /** What the command does with its work, after "Stopping: ". */
  readonly stopping: string;
  /** The stack as an option, for the commands that see to what may still run. */
  on(): string;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * One press or one closed terminal reaches a process more than once: through its group, through a parent that passes
 * it on, through a shell that tells its jobs. What follows this soon is the same one, milliseconds.
 */
const SAME_EVENT_MS = 250;

/**
 * One abort signal for one command. The first Ctrl-C (or TERM, or a closed terminal) is answered at once and aborts; a
 * second Ctrl-C leaves immediately. TERM and HUP never do: who sends them is not there to see what is left.
 *
 * @param now milliseconds of a steady clock
 */
export function listenForInterrupt(
  source: SignalSource,
  say: (text: string) => void,
  { stopping, on }: Interrupted,
  now: () => number,
) {
  const controller = new AbortController();
  let firstAt = 0;
  const status = () => `chainctl status${on()}`;
  const listener = (name: NodeJS.Signals) => {
    const exit = name === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    if (controller.signal.aborted) {
      if (name !== 'SIGINT' || now() - firstAt < SAME_EVENT_MS) return;
      say(`Left at once: what was started may still run. See "${status()}", end it with "chainctl teardown${on()}".`);
      source.exit(exit);
    }
    firstAt = now();
    say(`Stopping: ${stopping}. Press Ctrl-C again to leave at once.`);
    const nextSteps = [`see what still runs with "${status()}"`];
    controller.abort(new RemedyError(`interrupted by ${name}`, { code: 'interrupted', exit, nextSteps }));
  };
  for (const name of SIGNALS) source.on(name, listener);
  return {
    signal: controller.signal,
    stop() {
      for (const name of SIGNALS) source.off(name, listener);
    },
  };
}
