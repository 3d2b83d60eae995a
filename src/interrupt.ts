import { ExitCode, RemedyError } from './errors.ts';

interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): never;
}

interface InterruptMessages {
  /** Said at the first signal. */
  readonly stopping: string;
  /** Said when the second Ctrl-C leaves at once: what may still run, and how to see to it. */
  leaving(): string;
  /** The command that tells what still runs. */
  status(): string;
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
  messages: InterruptMessages,
  now: () => number,
) {
  const controller = new AbortController();
  let firstAt = 0;
  const listener = (name: NodeJS.Signals) => {
    const exit = name === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    if (controller.signal.aborted) {
      if (name !== 'SIGINT' || now() - firstAt < SAME_EVENT_MS) return;
      say(messages.leaving());
      source.exit(exit);
    }
    firstAt = now();
    say(messages.stopping);
    controller.abort(
      new RemedyError(`interrupted by ${name}`, {
        code: 'interrupted',
        exit,
        nextSteps: [`see what still runs with "${messages.status()}"`],
      }),
    );
  };
  for (const name of SIGNALS) source.on(name, listener);
  return {
    signal: controller.signal,
    stop() {
      for (const name of SIGNALS) source.off(name, listener);
    },
  };
}
