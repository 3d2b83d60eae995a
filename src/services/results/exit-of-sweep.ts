import { ExitCode } from '../../errors.ts';
import type { SweepReport } from '../load/types.ts';

/**
 * What a sweep says to the script that began it.
 *
 * @param signal of the command: its reason tells Ctrl-C from TERM where the sweep was interrupted
 */
export function exitOfSweep(report: SweepReport, signal: AbortSignal): ExitCode {
  if (report.problem !== undefined) return ExitCode.configuration;
  // A target of which not one answer was right has failed, whatever was asked of it.
  const nothing = report.points.every(({ outcomes }) => outcomes.ok === 0);
  const failed = nothing || (report.slos?.some(({ passed }) => !passed) ?? false);
  if (report.abortedBy !== undefined) return ExitCode.checkFailed;
  if (report.status === 'complete') return failed ? ExitCode.checkFailed : ExitCode.ok;
  const exit: unknown = signal.reason?.exit;
  return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
}
