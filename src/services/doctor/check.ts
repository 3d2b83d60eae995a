import { RemedyError, reasonOf } from '../../errors.ts';

/** One thing that a deploy needs, and how it stands. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was found, one line. */
  readonly detail: string;
  readonly nextSteps: readonly string[];
}

export function finding(
  name: string,
  status: DoctorCheck['status'],
  detail: string,
  ...nextSteps: readonly string[]
): DoctorCheck {
  return { name, status, detail, nextSteps };
}

/** A check whose work throws is one that failed, with the error's own next steps. */
export async function examine(
  name: string,
  signal: AbortSignal,
  work: () => Promise<DoctorCheck>,
): Promise<DoctorCheck> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return {
      name,
      status: 'failed',
      detail: reasonOf(error),
      nextSteps: error instanceof RemedyError ? error.nextSteps : [],
    };
  }
}
