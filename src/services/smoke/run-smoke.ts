import type { Emit } from '../../events.ts';
import type { ChainClient } from '../chain/client.ts';
import { printable } from '../chain/excerpt.ts';
import { serviceBase } from '../chain/urls.ts';
import type { Clock } from '../clock.ts';
import { dependents, entryOf, neededFirst, SERVICES, serviceNamed } from '../workloads/catalog.ts';
import type { Endpoints, ServiceDefinition } from '../workloads/service-definition.ts';
import type { Check, Finding } from './check.ts';
import { longPrompts } from './prompts.ts';
import { authorizationOf, refusalsOf } from './refusals.ts';
import type { CheckResult, SmokeReport } from './types.ts';

export interface SmokeOptions {
  /** Addresses by service, with or without their paths; at least one. For B without one, A is asked where it sends. */
  readonly urls: Endpoints;
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
type Place = { readonly base: string } | ({ readonly base?: never } & Pick<Finding, 'actual' | 'remedy'>);

const HEALTH_TIMEOUT_MS = 10_000;

/**
 * Runs every functional check in order. A failed check does not stop the others; what cannot work because the service
 * does not answer at all is skipped with the reason, so that a dead address costs one timeout and not nine.
 *
 * @throws the signal's reason when it is aborted
 */
export async function runSmoke(options: SmokeOptions, deps: SmokeDeps): Promise<SmokeReport> {
  const { urls, minProcessSeconds, timeoutSeconds } = options;
  const { client, clock, emit } = deps;
  const prompt = longPrompts(options.seed);
  const healthTimeoutMs = Math.min(timeoutSeconds * 1000, HEALTH_TIMEOUT_MS);
  const services = neededFirst(concerned(urls));
  const places = await locate(services, urls, client, healthTimeoutMs);
  const isProtected = ({ name }: ServiceDefinition) => {
    const base = places.get(name)?.base;
    return base !== undefined && client.sendsToken(base);
  };
  const bounds = { minProcessSeconds, healthTimeoutMs, prompt, now: () => clock.monotonic() };
  const checks = [
    ...services.flatMap(({ checks: own }) => own?.(client, bounds) ?? []),
    ...services.flatMap((service) => refusalsOf(service, client)),
    // One to which a token is sent has to insist on it.
    ...services.filter(isProtected).flatMap((service) => authorizationOf(service, client, prompt)),
  ];
  const results: CheckResult[] = [];
  let hosts: Readonly<Record<string, number>> = {};
  let simulated = false;
  for (const [index, check] of checks.entries()) {
    deps.signal.throwIfAborted();
    const { id, name, side, expected } = check;
    emit({ type: 'check-started', name, index, count: checks.length });
    const place = places.get(side) ?? unknown(side);
    const { status, seconds, remedy, ...found } = await perform(check, place, clock);
    const actual = printable(found.actual);
    const result = { id, name, status, seconds, expected, actual, ...(remedy !== undefined && { remedy }) };
    results.push(result);
    emit({ type: 'check-done', result, index, count: checks.length });
    hosts = found.hosts ?? hosts;
    simulated ||= found.simulated === true;
    if (found.unreachable === true) {
      places.set(side, { actual: `${side.toUpperCase()} cannot be reached, see "${name}"` });
    }
  }
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  // What comes in first is what is checked; behind it stands what it needs.
  const [first] = services.toReversed().flatMap(({ name }) => urls[name] ?? []);
  const [behind] = entryOf(services).needs.flatMap((need) => places.get(need) ?? []);
  return {
    target: serviceBase(first as string),
    ...(behind?.base !== undefined && { bUrl: behind.base }),
    simulated,
    checks: results,
    hosts,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
}

type Outcome = Pick<CheckResult, 'status' | 'seconds'> & Omit<Finding, 'passed' | 'skipped'>;

async function perform(check: Check, place: Place, clock: SmokeDeps['clock']): Promise<Outcome> {
  if (place.base === undefined) return { ...place, status: 'skipped', seconds: 0 };
  const started = clock.monotonic();
  const { passed, skipped = false, ...finding } = await check.run(place.base);
  const status = skipped ? 'skipped' : passed ? 'passed' : 'failed';
  return { ...finding, status, seconds: (clock.monotonic() - started) / 1000 };
}

/** The services whose addresses are known, those that they need, and those that need them. */
function concerned(urls: Endpoints): readonly ServiceDefinition[] {
  const names = new Set(Object.keys(urls).filter((name) => urls[name] !== undefined));
  for (const name of names) {
    for (const need of serviceNamed(name)?.needs ?? []) names.add(need);
    for (const other of dependents(name)) names.add(other.name);
  }
  return SERVICES.filter(({ name }) => names.has(name));
}

async function locate(
  services: readonly ServiceDefinition[],
  urls: Endpoints,
  client: ChainClient,
  timeoutMs: number,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  // Who needs another one is asked for it, and has to be known before.
  for (const { name } of services.toReversed()) {
    const url = urls[name];
    const [asked] = dependents(name, services);
    const place = asked && places.get(asked.name);
    if (url !== undefined) places.set(name, { base: serviceBase(url) });
    else if (asked === undefined || place === undefined) places.set(name, unknown(name));
    else places.set(name, place.base === undefined ? place : await askFor(name, asked, place.base, client, timeoutMs));
  }
  return places;
}

function unknown(name: string): Place {
  return { actual: `the address of ${name.toUpperCase()} is not known`, remedy: 'name it with --target' };
}

/** A's idea of B may be a name that only A's machine knows, so it is tried before nine checks rely on it. */
async function askFor(
  name: string,
  asked: ServiceDefinition,
  base: string,
  client: ChainClient,
  timeoutMs: number,
): Promise<Place> {
  const [wanted, other] = [name.toUpperCase(), asked.name.toUpperCase()];
  const remedy = `name the address of ${wanted} with --${name}-url`;
  const { [name]: told } = (await asked.linksOf?.(client, base, timeoutMs)) ?? {};
  if (told === undefined)
    return { actual: `the address of ${wanted} is not known: ${other} does not report it`, remedy };
  if (!URL.canParse(told)) {
    const actual = `${other} sends to "${told}", which is not a URL`;
    return { actual, remedy: `check REMOTE_${wanted}_URL of ${other}` };
  }
  const found = serviceBase(told);
  const tried = await client.raw({ url: `${found}/health`, method: 'GET', timeoutMs, token: 'none' });
  if (tried.kind !== 'transport') return { base: found };
  return { actual: `${other} sends to ${found}, which does not answer from here: ${tried.reason}`, remedy };
}
