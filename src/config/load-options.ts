import { ExitCode, RemedyError } from '../errors.ts';
import { parseRates } from '../services/load/schedule/rates.ts';
import { parseAbort, parseSlo } from '../services/load/stats/criterion.ts';
import type { SweepOptions } from '../services/load/sweep/sweep-options.ts';
import { checkTag } from '../services/load/target.ts';
import { type LoadFlags, loadFlags } from './load-flags.ts';

/** What the flags alone do not say: it is read from files, drawn, or found out about the machine. */
type ToBeFound = 'targetUrl' | 'prompt' | 'seed' | 'about';

/**
 * What the flags of `chainctl load` say about a new sweep.
 *
 * @throws RemedyError (exit 2) when a list of rates, a tag, a threshold or a condition is wrong
 */
export function sweepSettings(flags: LoadFlags): Omit<SweepOptions, ToBeFound> {
  const maxInFlight = flags['max-in-flight'];
  const requestsPerConnection = flags['requests-per-connection'];
  const connectionAge = flags['connection-age'];
  return {
    rates: parseRates(flags.rps),
    tag: checkTag(flags.tag ?? 'local'),
    outFolder: flags.out,
    slos: flags.slo?.map(parseSlo) ?? [],
    abortOn: flags['abort-on']?.map(parseAbort) ?? [],
    durationSeconds: flags.duration,
    warmupSeconds: flags.warmup,
    timeoutSeconds: flags.timeout,
    drainSeconds: flags.drain,
    preflight: flags.preflight,
    probe: flags.preflight,
    arrivals: flags.arrivals,
    stopAboveKnee: flags['stop-above-knee'],
    findKnee: flags['find-knee'],
    ...maxDuration(flags),
    stream: flags.stream,
    sharedPrefixTokens: flags['shared-prefix'],
    ...(flags.gate === undefined ? {} : { gateSeconds: flags.gate }),
    ...(requestsPerConnection === undefined ? {} : { requestsPerConnection }),
    ...(connectionAge === undefined ? {} : { connectionAgeMs: connectionAge * 1000 }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
  };
}

/** Longest point of a search, seconds, where none was asked for. */
const MAX_DURATION_SECONDS = 600;

function maxDuration(flags: LoadFlags): { readonly maxDurationSeconds?: number } {
  const asked = flags['max-duration'];
  const refused = (why: string, next: string) =>
    new RemedyError(`--max-duration ${why}`, { code: 'usage', exit: ExitCode.usage, nextSteps: [next] });
  if (asked !== undefined && !flags['find-knee']) {
    throw refused(
      'is the bound of a search, and there is none without --find-knee',
      'add --find-knee, or leave it out',
    );
  }
  if (asked !== undefined && asked < flags.duration) {
    throw refused(
      `of ${asked} s is shorter than --duration of ${flags.duration} s`,
      `give at least --max-duration ${flags.duration}s`,
    );
  }
  return flags['find-knee'] ? { maxDurationSeconds: Math.max(flags.duration, asked ?? MAX_DURATION_SECONDS) } : {};
}

/**
 * What they say about an elastic profile: its steps follow each other without a warm-up of their own.
 *
 * @param stepSeconds length of a step
 */
export function elasticSweepSettings(flags: LoadFlags, stepSeconds: number): Omit<SweepOptions, ToBeFound> {
  return { ...sweepSettings(flags), durationSeconds: stepSeconds, warmupSeconds: 0 };
}

/** What may stand beside `--resume`. */
const OF_RESUME = ['resume', 'out', 'prompt-file', 'token-file', 'otlp'];

/**
 * A run goes on with the settings it began with, so none may be typed beside `--resume`.
 *
 * @throws RemedyError (exit 2) naming the flag
 */
export function checkResume(argv: readonly string[]): void {
  const other = Object.keys(loadFlags).find((flag) => !OF_RESUME.includes(flag) && isTyped(argv, flag));
  if (other === undefined) return;
  throw new RemedyError(`--resume goes on with the settings of its run, and --${other} would change them`, {
    code: 'usage',
    exit: ExitCode.usage,
    nextSteps: [`leave --${other} out, or begin a new run without --resume`],
  });
}

/** Whether a flag stands on the command line. */
export function isTyped(argv: readonly string[], flag: string): boolean {
  return argv.some((word) => word === `--${flag}` || word === `--no-${flag}` || word.startsWith(`--${flag}=`));
}
