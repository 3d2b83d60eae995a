import { type RemedyError, remedy } from '../../../errors.ts';
import type { ChainClient } from '../../chain/client.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { redirectOf, redirects } from './redirect.ts';

const HEALTH_TIMEOUT_MS = 5000;

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
 * @throws RemedyError (exit 5) when nothing answers, the answer is that it cannot serve, or it sends to another origin
 */
export async function askHealth(
  targetUrl: string,
  client: Pick<ChainClient, 'raw'>,
  signal: AbortSignal,
): Promise<TargetHealth> {
  const url = new URL('/health', targetUrl).href;
  const came = await client.raw({ url, method: 'GET', timeoutMs: HEALTH_TIMEOUT_MS, signal });
  if (came.kind === 'transport') throw unhealthy(came.reason, [came.remedy]);
  const { status, text } = came;
  const elsewhere = redirectOf(came, url);
  if (elsewhere !== undefined && new URL(elsewhere).origin !== new URL(url).origin) {
    const { pathname, search } = new URL(targetUrl);
    throw redirects(url, status, elsewhere, new URL(pathname + search, elsewhere).href);
  }
  const answer = parsed(text);
  if (status >= 500) {
    const reason = field(answer, 'reason') ?? field(answer, 'detail');
    const why = reason === undefined ? '' : ` ${excerpt(String(reason))}`;
    throw unhealthy(`${url} reports that it cannot serve: status ${status}${why}`);
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

function unhealthy(message: string, remedies: readonly string[] = []): RemedyError {
  return remedy.unhealthy('target-unhealthy', message, [
    ...remedies,
    'see what runs with "chainctl status", or bring a chain up with "chainctl deploy local"',
    'check the address given with --target; --no-preflight offers the load all the same',
  ]);
}
