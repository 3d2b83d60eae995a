import type { Emit } from '../../events.ts';
import type { ChainClient } from '../chain/client.ts';
import { printable } from '../chain/excerpt.ts';
import { serviceBase } from '../chain/urls.ts';
import type { Clock } from '../clock.ts';
import { authorizationOf } from './authorization.ts';
import type { Check, Finding, Side } from './check.ts';
import { checksOfA } from './checks-a.ts';
import { checksOfB, healthTimeout } from './checks-b.ts';
import { longPrompts } from './prompts.ts';
import { refusalsOf } from './refusals.ts';
import type { CheckResult, SmokeReport } from './types.ts';

export interface SmokeOptions {
  /** A's address, with or without `/chain`. At least one of `a` and `b` is needed. */
  readonly a?: string;
  /** B's address, with or without `/invoke`. Without it A is asked where it sends. */
  readonly b?: string;
  /** What B was deployed with, seconds. Without it the minimum processing time is not checked. */
  readonly minProcessSeconds?: number;
  /** Begins the prompts; another one for every run (see {@link longPrompts}). */
  readonly seed: number;
  /** For one exchange; a health never gets more than 10 s. */
  readonly timeoutSeconds: number;
}

export interface SmokeDeps {
  /** With the same timeout; the caller closes it. */
  readonly client: ChainClient;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Where a service is, or why its checks cannot run. */
type Place = { readonly base: string } | { readonly missing: string; readonly remedy?: string };

/**
 * Runs every functional check in order. A failed check does not stop the others; what cannot work because the service
 * does not answer at all is skipped with the reason, so that a dead address costs one timeout and not nine.
 *
 * @throws the signal's reason when it is aborted
 */
export async function runSmoke(options: SmokeOptions, deps: SmokeDeps): Promise<SmokeReport> {
  const { client, emit } = deps;
  const prompt = longPrompts(options.seed);
  const bounds = { minProcessSeconds: options.minProcessSeconds, timeoutMs: options.timeoutSeconds * 1000, prompt };
  const places = await locate(options, client, bounds.timeoutMs);
  const checks = [
    ...checksOfB(client, bounds),
    ...checksOfA(client, bounds),
    ...refusalsOf('b', client),
    ...refusalsOf('a', client),
    ...protectedSides(places, client).flatMap((side) => authorizationOf(side, client, prompt)),
  ];
  const results: CheckResult[] = [];
  let hosts: Readonly<Record<string, number>> = {};
  let simulated = false;
  for (const [index, check] of checks.entries()) {
    deps.signal.throwIfAborted();
    emit({ type: 'check-started', name: check.name, index, count: checks.length });
    const { result, finding } = await perform(check, places[check.side], deps.clock);
    results.push(result);
    emit({ type: 'check-done', result, index, count: checks.length });
    if (finding?.hosts !== undefined) hosts = finding.hosts;
    simulated ||= finding?.simulated === true;
    if (finding?.unreachable === true) {
      places[check.side] = {
        missing: `${check.side.toUpperCase()} cannot be reached, see "${check.name}"`,
      };
    }
  }
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  const [a, b] = [options.a, locatedB(options, places)];
  return {
    target: a === undefined ? serviceBase(options.b as string) : serviceBase(a),
    ...(b === undefined ? {} : { bUrl: b }),
    simulated,
    checks: results,
    hosts,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
}

/** The sides to which a token is sent: they have to insist on it. */
function protectedSides(places: Record<Side, Place>, client: ChainClient): Side[] {
  return (['b', 'a'] as const).filter((side) => {
    const place = places[side];
    return 'base' in place && client.sendsToken(place.base);
  });
}

async function perform(
  check: Check,
  place: Place,
  clock: Pick<Clock, 'monotonic'>,
): Promise<{ result: CheckResult; finding?: Finding }> {
  const { id, name, expected } = check;
  if ('missing' in place) {
    const { missing, remedy } = place;
    const skipped = { id, name, status: 'skipped', seconds: 0, expected, actual: printable(missing) } as const;
    return { result: remedy === undefined ? skipped : { ...skipped, remedy } };
  }
  const started = clock.monotonic();
  const finding: Finding = await check.run(place.base);
  const seconds = (clock.monotonic() - started) / 1000;
  const { passed, remedy } = finding;
  const actual = printable(finding.actual);
  const status = passed ? 'passed' : 'failed';
  const result: CheckResult = {
    ...{ id, name, status, seconds, expected, actual },
    ...(remedy === undefined ? {} : { remedy }),
  };
  return { result, finding };
}

async function locate(options: SmokeOptions, client: ChainClient, timeoutMs: number): Promise<Record<Side, Place>> {
  const a: Place =
    options.a === undefined
      ? { missing: 'the address of A is not known', remedy: 'name it with --target' }
      : { base: serviceBase(options.a) };
  if (options.b !== undefined) return { a, b: { base: serviceBase(options.b) } };
  return { a, b: 'base' in a ? await askAForB(a.base, client, healthTimeout(timeoutMs)) : a };
}

/** A's idea of B may be a name that only A's machine knows, so it is tried before nine checks rely on it. */
async function askAForB(base: string, client: ChainClient, timeoutMs: number): Promise<Place> {
  const remedy = 'name the address of B with --b-url';
  const health = await client.healthA(base, timeoutMs);
  if (health.kind !== 'answer') return { missing: 'the address of B is not known: A did not tell it', remedy };
  const told = health.body.remote_b;
  if (!URL.canParse(told))
    return { missing: `A sends to "${told}", which is not a URL`, remedy: 'check REMOTE_B_URL of A' };
  const found = serviceBase(told);
  const tried = await client.healthB(found, timeoutMs);
  if (tried.kind !== 'transport') return { base: found };
  return { missing: `A sends to ${found}, which does not answer from here: ${tried.reason}`, remedy };
}

function locatedB(options: SmokeOptions, places: Record<Side, Place>): string | undefined {
  if (options.b !== undefined) return serviceBase(options.b);
  return 'base' in places.b ? places.b.base : undefined;
}
