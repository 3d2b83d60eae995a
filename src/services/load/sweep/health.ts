import { type RemedyError, remedy } from '../../../errors.ts';
import type { ChainClient } from '../../chain/client.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { defined } from '../../defined.ts';
import { parseJson } from '../../words.ts';
import { redirectOf, redirects } from './redirect.ts';

const HEALTH_TIMEOUT_MS = 5000;

/**
 * Asks `/health` beside the target's path. A target without one (404, 405) is taken for healthy: it answers.
 *
 * @returns what the target said about itself; `answer` is parsed JSON, or nothing when it was something else
 * @throws RemedyError (exit 5) when nothing answers, the answer is that it cannot serve, or it sends to another origin
 */
export async function askHealth(targetUrl: string, client: Pick<ChainClient, 'raw'>, signal: AbortSignal) {
  const url = new URL('/health', targetUrl).href;
  const came = await client.raw({ url, method: 'GET', timeoutMs: HEALTH_TIMEOUT_MS, signal });
  if (came.kind === 'transport') throw unhealthy(came.reason, [came.remedy]);
  const { status, text } = came;
  const elsewhere = redirectOf(came, url);
  if (elsewhere !== undefined && new URL(elsewhere).origin !== new URL(url).origin) {
    const { pathname, search } = new URL(targetUrl);
    throw redirects(url, status, elsewhere, new URL(pathname + search, elsewhere).href);
  }
  const answer = parseJson(text);
  const told = answer as { readonly [name in 'reason' | 'detail' | 'simulated']?: unknown } | null | undefined;
  if (status >= 500) {
    const reason = told?.reason ?? told?.detail;
    const why = reason === undefined ? '' : ` ${excerpt(String(reason))}`;
    throw unhealthy(`${url} reports that it cannot serve: status ${status}${why}`);
  }
  return defined({ url, status, simulated: told?.simulated === true, answer });
}

function unhealthy(message: string, remedies: readonly string[] = []): RemedyError {
  return remedy.unhealthy('target-unhealthy', message, [
    ...remedies,
    'see what runs with "chainctl status", or bring a chain up with "chainctl deploy local"',
    'check the address given with --target; --no-preflight offers the load all the same',
  ]);
}
