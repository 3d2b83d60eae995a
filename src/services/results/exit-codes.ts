import { ExitCode } from '../../errors.ts';
import type { QuickRuns } from '../load/quick/run-quick.ts';
import type { SweepReport } from '../load/types.ts';
import type { WatchReport } from '../scaling/watch.ts';
import { searchFault } from './knee-line.ts';
import { unproven } from './verdict.ts';

/**
 * The exit code of a sweep: 8 where a threshold was missed or could not be decided, where a condition ended it, where not
 * one request succeeded, where its points say nothing of the target, and where a search ended without evidence.
 *
 * @param signal of the command: its reason tells Ctrl-C from TERM where the sweep was interrupted
 */
export function exitOfSweep(report: SweepReport, signal: AbortSignal): ExitCode {
  const { problem, points, slos, abortedBy, status } = report;
  if (problem !== undefined) return ExitCode.configuration;
  if (abortedBy !== undefined) return ExitCode.checkFailed;
  if (status !== 'complete') return exitOfInterrupt(signal);
  // A target of which not one answer was right has failed, whatever was asked of it.
  const nothing = points.every(({ outcomes }) => outcomes.ok === 0);
  return nothing ||
    searchFault(report) !== undefined ||
    slos?.some(({ passed }) => !passed) ||
    unproven(report).length > 0
    ? ExitCode.checkFailed
    : ExitCode.ok;
}

/** The exit code of a watch; of one that was interrupted by the reason of the command's signal. */
export function exitOfWatch(
  { end, until, problem }: Pick<WatchReport, 'end' | 'until'> & { readonly problem?: string },
  signal: AbortSignal,
): ExitCode {
  if (problem !== undefined) return ExitCode.configuration;
  if (end === 'interrupted') return exitOfInterrupt(signal);
  return end === 'for' && until !== undefined ? ExitCode.unhealthy : ExitCode.ok;
}

function exitOfInterrupt(signal: AbortSignal): ExitCode {
  const exit: unknown = signal.reason?.exit;
  return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
}

/** The exit code of a quick look: it has failed where nothing succeeded. */
export function exitOfQuick({ doubling, search, failure }: QuickRuns, signal: AbortSignal): ExitCode {
  if (signal.aborted) return exitOfInterrupt(signal);
  if (failure !== undefined) return failure.exit;
  const problem = doubling.problem ?? search?.problem;
  if (problem !== undefined) return ExitCode.configuration;
  return doubling.points.some(({ outcomes }) => outcomes.ok > 0) ? ExitCode.ok : ExitCode.checkFailed;
}
