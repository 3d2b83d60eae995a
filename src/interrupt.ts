import { ExitCode, RemedyError } from './errors.ts';

interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): never;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * One abort signal for one command. The first Ctrl-C (or TERM, or a closed terminal) is answered at once and aborts;
 * the second leaves immediately.
 */
export function listenForInterrupt(source: SignalSource, say: (text: string) => void) {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals) => {
    const exit = name === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    if (controller.signal.aborted) source.exit(exit);
    say('Stopping: finishing what is in flight. Press Ctrl-C again to leave at once.');
    controller.abort(
      new RemedyError(`interrupted by ${name}`, {
        code: 'interrupted',
        exit,
        nextSteps: ['see what still runs with "chainctl status"'],
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
