import { ExitCode } from '../../errors.ts';
import type { WatchReport } from './watch.ts';

/**
 * What a watch says to the script that began it.
 *
 * @param signal of the command: its reason tells Ctrl-C from TERM
 */
export function exitOfWatch({ end, until }: Pick<WatchReport, 'end' | 'until'>, signal: AbortSignal): ExitCode {
  if (end === 'interrupted') {
    const exit: unknown = signal.reason?.exit;
    return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
  }
  return end === 'for' && until !== undefined ? ExitCode.unhealthy : ExitCode.ok;
}
