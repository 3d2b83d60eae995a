import { type RemedyError, remedy } from '../../../errors.ts';
import type { ChainClient, RawAnswer } from '../../chain/client.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { saidBy } from '../../chain/said.ts';
import { defined } from '../../defined.ts';
import { parseJson } from '../../words.ts';
import { offeredAnyway } from '../discovery/typed-again.ts';
import { protocolOf } from '../protocols/protocols.ts';
import type { SweepOptions } from './sweep-options.ts';

const HEALTH_TIMEOUT_MS = 5000;

interface HealthDeps {
  readonly client: Pick<ChainClient, 'raw'>;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks `/health` beside the target's path. A target without one (404, 405) is taken for healthy: it answers.
 *
 * @returns what the target said about itself; `answer` is parsed JSON, or nothing when it was something else
 * @throws RemedyError (exit 5) when nothing answers, the answer is that it cannot serve, or it sends to another origin
 */
export async function askHealth(target: Asked, { client, signal, headers = {} }: HealthDeps) {
  const { targetUrl } = target;
  const url = new URL('/health', targetUrl).href;
  const reply = await client.raw({ url, method: 'GET', timeoutMs: HEALTH_TIMEOUT_MS, signal, headers });
  if (reply.kind === 'transport') throw unhealthy(target, reply.reason, [reply.remedy]);
  const { status, text } = reply;
  const elsewhere = redirectOf(reply, url);
  if (elsewhere !== undefined && new URL(elsewhere).origin !== new URL(url).origin) {
    const { pathname, search } = new URL(targetUrl);
    throw redirects(url, status, elsewhere, new URL(pathname + search, elsewhere).href, target);
  }
  const answer = parseJson(text);
  const fields = answer as { readonly [name in 'reason' | 'simulated']?: unknown } | null | undefined;
  if (status >= 500) {
    const reason = fields?.reason ?? saidBy(text)?.words;
    const why = reason === undefined ? '' : `: ${excerpt(String(reason))}`;
    throw unhealthy(target, `${url} reports that it cannot serve: status ${status}${why}`);
  }
  return defined({ url, status, simulated: fields?.simulated === true, answer });
}

/** The load that is to be offered. */
type Asked = Pick<SweepOptions, 'targetUrl' | 'api' | 'model' | 'about'>;

function unhealthy(target: Asked, message: string, remedies: readonly string[] = []): RemedyError {
  const ofStack =
    protocolOf(target).provider === 'chainctl'
      ? [
          'where it is of a stack of yours: "chainctl status" shows what runs, "chainctl deploy local" brings one up here',
        ]
      : [];
  return remedy.unhealthy('target-unhealthy', message, [...remedies, ...ofStack, ...anyway(target)]);
}

function anyway({ about, ...target }: Asked): string[] {
  return offeredAnyway({ ...target, commandLine: about.commandLine as readonly string[] | undefined });
}

/** Longer addresses are not repeated: they come from the network. */
const MAX_LOCATION = 300;

/**
 * Where an answer sends its caller, as an absolute URL without user name and password: as it may be given to
 * `--target`, and safe to print, since what is no character of a URL is escaped in it.
 *
 * @returns undefined when the answer is no redirect, or names no address that could be used
 */
export function redirectOf({ status, location }: Pick<RawAnswer, 'status' | 'location'>, from: string) {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const to = URL.parse(location, from);
  if (to === null || !/^https?:$/.test(to.protocol)) return undefined;
  to.username = '';
  to.password = '';
  to.hash = '';
  return to.href.length > MAX_LOCATION ? undefined : to.href;
}

/** The refusal to offer a load to an address that only points to another one: every answer would be an error. */
export function redirects(from: string, status: number, to: string, url: string, target?: Asked): RemedyError {
  return remedy.unhealthy(
    'target-redirects',
    `${from} redirects to ${to} (status ${status}), and a load follows no redirects`,
    [
      `give the address behind it: --target ${url}`,
      ...(target === undefined ? [] : anyway(target).map((step) => `${step}: every redirect then counts as an error`)),
    ],
  );
}
