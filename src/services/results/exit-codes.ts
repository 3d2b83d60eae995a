import { ExitCode } from '../../errors.ts';
import type { SweepReport } from '../load/types.ts';
import type { WatchReport } from '../scaling/watch.ts';

/**
 * The exit code of a sweep.
 *
 * @param signal of the command: its reason tells Ctrl-C from TERM where the sweep was interrupted
 */
export function exitOfSweep({ problem, points, slos, abortedBy, status }: SweepReport, signal: AbortSignal): ExitCode {
  if (problem !== undefined) return ExitCode.configuration;
  // A target of which not one answer was right has failed, whatever was asked of it.
  const nothing = points.every(({ outcomes }) => outcomes.ok === 0);
  const failed = nothing || (slos?.some(({ passed }) => !passed) ?? false);
  if (abortedBy !== undefined) return ExitCode.checkFailed;
  if (status === 'complete') return failed ? ExitCode.checkFailed : ExitCode.ok;
  return exitOfInterrupt(signal);
}

/** The exit code of a watch; of one that was interrupted by the reason of the command's signal. */
export function exitOfWatch({ end, until }: Pick<WatchReport, 'end' | 'until'>, signal: AbortSignal): ExitCode {
  if (end === 'interrupted') return exitOfInterrupt(signal);
  return end === 'for' && until !== undefined ? ExitCode.unhealthy : ExitCode.ok;
}

function exitOfInterrupt(signal: AbortSignal): ExitCode {
  const exit: unknown = signal.reason?.exit;
  return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
}
