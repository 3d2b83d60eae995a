import { ExitCode, RemedyError, reasonOf } from '../../../errors.ts';

const HEALTH_TIMEOUT_MS = 5000;
const MAX_HEALTH_TEXT = 10_000;

/** What the target said about itself before the sweep. */
export interface TargetHealth {
  readonly url: string;
  readonly status: number;
  /** Parsed JSON, or nothing when it was something else. */
  readonly answer?: unknown;
  readonly simulated: boolean;
}

/**
 * Asks `/health` beside the target's path. A target without one (404, 405) is taken for healthy: it answers.
 *
 * @throws RemedyError (exit 5) when nothing answers, or the answer is that it cannot serve
 */
export async function askHealth(
  targetUrl: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<TargetHealth> {
  const url = new URL('/health', targetUrl).href;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]) });
    status = response.status;
    text = (await response.text()).slice(0, MAX_HEALTH_TEXT);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unhealthy(`${new URL(url).origin} does not answer: ${reasonOf(error)}`, error);
  }
  const answer = parsed(text);
  if (status >= 500) {
    const reason = field(answer, 'reason') ?? field(answer, 'detail') ?? '';
    throw unhealthy(`${url} says that it cannot serve: status ${status} ${String(reason)}`.trim());
  }
  return {
    url,
    status,
    simulated: field(answer, 'simulated') === true,
    ...(answer === undefined ? {} : { answer }),
  };
}

function field(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unhealthy(message: string, cause?: unknown): RemedyError {
  return new RemedyError(message, {
    code: 'target-unhealthy',
    exit: ExitCode.unhealthy,
    cause,
    nextSteps: [
      'see what runs with "chainctl status", or bring a chain up with "chainctl deploy local"',
      'check the address given with --target; --no-preflight offers the load all the same',
    ],
  });
}
