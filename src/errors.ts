/** Exit codes of the command, one meaning each; scripts may rely on them. */
export const ExitCode = {
  ok: 0,
  bug: 1,
  usage: 2,
  configuration: 3,
  capacity: 4,
  unhealthy: 5,
  locked: 6,
  leftovers: 7,
  checkFailed: 8,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

interface RemedyOptions {
  /** Stable machine-readable name, e.g. `port-in-use`. */
  readonly code: string;
  readonly exit: ExitCode;
  /** What the reader can do now, one sentence or command each, most likely first. */
  readonly nextSteps?: readonly string[];
  readonly cause?: unknown;
}

/**
 * An error that a person can meet: the message says what happened and on which object, `nextSteps` what to do.
 * Everything else that is thrown is a bug and leaves with exit code 1.
 */
export class RemedyError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly nextSteps: readonly string[];

  constructor(message: string, options: RemedyOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RemedyError';
    this.code = options.code;
    this.exit = options.exit;
    this.nextSteps = options.nextSteps ?? [];
  }
}

/** What to do after a change that did not come to its end, whatever kept it. */
export const CONTINUE = 'run the same command again: it continues where it stopped';

/** Makes an error of one exit code; the code names it for machines, the steps are those of {@link RemedyError.nextSteps}. */
const withExit =
  (exit: ExitCode) =>
  (code: string, message: string, nextSteps: readonly string[] = [], cause?: unknown): RemedyError =>
    new RemedyError(message, { code, exit, nextSteps, cause });

/** The errors that a person can meet, by their exit codes. */
export const remedy = {
  usage: withExit(ExitCode.usage),
  configuration: withExit(ExitCode.configuration),
  capacity: withExit(ExitCode.capacity),
  unhealthy: withExit(ExitCode.unhealthy),
  locked: withExit(ExitCode.locked),
  leftovers: withExit(ExitCode.leftovers),
};

/** The most telling text of anything that was thrown, causes included, on one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : reasonOf(error.cause);
  const own = error.message || error.name;
  return cause !== '' && !own.includes(cause) ? `${own}: ${cause}` : own;
}

/** Whether an error carries this Node error code (`ENOENT`, `EADDRINUSE`, ...). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
