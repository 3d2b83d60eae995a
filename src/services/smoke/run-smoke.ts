import type { Emit } from '../../events.ts';
import { type ChainClient, detailOf, type RawAnswer } from '../chain/client.ts';
import { excerpt, printable } from '../chain/excerpt.ts';
import { serviceBase } from '../chain/urls.ts';
import type { Clock } from '../clock.ts';
import { dependents, entryOf, neededFirst, SERVICES, serviceNamed } from '../workloads/catalog.ts';
import type { Endpoints, ServiceDefinition } from '../workloads/service-definition.ts';
import { type Check, type Finding, healthTimeout, transportFinding } from './check.ts';
import { longPrompts } from './prompts.ts';
import { refusalsOf } from './refusals.ts';
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
  const services = neededFirst(concerned(options.urls));
  const places = await locate(services, options.urls, client, bounds.timeoutMs);
  const checks = [
    ...services.flatMap(({ checks: own }) => own?.(client, bounds) ?? []),
    ...services.flatMap((service) => refusalsOf(service, client)),
    ...services
      .filter((service) => isProtected(places.get(service.name), client))
      .flatMap((service) => authorizationOf(service, client, prompt)),
  ];
  const results: CheckResult[] = [];
  let hosts: Readonly<Record<string, number>> = {};
  let simulated = false;
  for (const [index, check] of checks.entries()) {
    deps.signal.throwIfAborted();
    emit({ type: 'check-started', name: check.name, index, count: checks.length });
    const { result, finding } = await perform(check, places.get(check.side) ?? unknown(check.side), deps.clock);
    results.push(result);
    emit({ type: 'check-done', result, index, count: checks.length });
    if (finding?.hosts !== undefined) hosts = finding.hosts;
    simulated ||= finding?.simulated === true;
    if (finding?.unreachable === true) {
      places.set(check.side, { missing: `${check.side.toUpperCase()} cannot be reached, see "${check.name}"` });
    }
  }
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  // What comes in first is what is checked; behind it stands what it needs.
  const [first] = services.toReversed().flatMap(({ name }) => options.urls[name] ?? []);
  const [behind] = entryOf(services).needs.flatMap((need) => places.get(need) ?? []);
  return {
    target: serviceBase(first as string),
    ...(behind !== undefined && 'base' in behind ? { bUrl: behind.base } : {}),
    simulated,
    checks: results,
    hosts,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
  };
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

/** Whether a token is sent to it: it has to insist on one. */
function isProtected(place: Place | undefined, client: ChainClient): boolean {
  return place !== undefined && 'base' in place && client.sendsToken(place.base);
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

async function locate(
  services: readonly ServiceDefinition[],
  urls: Endpoints,
  client: ChainClient,
  timeoutMs: number,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  // Who needs another one is asked for it, and has to be known before.
  for (const service of services.toReversed()) {
    const url = urls[service.name];
    const asked = dependents(service.name, services)[0];
    const place =
      url !== undefined
        ? { base: serviceBase(url) }
        : asked === undefined
          ? unknown(service.name)
          : await askFor(
              service,
              asked,
              places.get(asked.name) ?? unknown(asked.name),
              client,
              healthTimeout(timeoutMs),
            );
    places.set(service.name, place);
  }
  return places;
}

function unknown(name: string): Place {
  return { missing: `the address of ${name.toUpperCase()} is not known`, remedy: 'name it with --target' };
}

/** A's idea of B may be a name that only A's machine knows, so it is tried before nine checks rely on it. */
async function askFor(
  { name }: ServiceDefinition,
  asked: ServiceDefinition,
  place: Place,
  client: ChainClient,
  timeoutMs: number,
): Promise<Place> {
  if ('missing' in place) return place;
  const [wanted, other] = [name.toUpperCase(), asked.name.toUpperCase()];
  const remedy = `name the address of ${wanted} with --${name}-url`;
  const links = await asked.linksOf?.(client, place.base, timeoutMs);
  const told = links?.[name];
  if (told === undefined)
    return { missing: `the address of ${wanted} is not known: ${other} does not report it`, remedy };
  if (!URL.canParse(told)) {
    return {
      missing: `${other} sends to "${told}", which is not a URL`,
      remedy: `check REMOTE_${wanted}_URL of ${other}`,
    };
  }
  const found = serviceBase(told);
  const tried = await client.raw({ url: `${found}/health`, method: 'GET', timeoutMs, token: 'none' });
  if (tried.kind !== 'transport') return { base: found };
  return { missing: `${other} sends to ${found}, which does not answer from here: ${tried.reason}`, remedy };
}

/** A token that nobody has: as long as a real one. */
const WRONG = 'x'.repeat(43);

const CASES = [
  { id: 'no-token', name: 'refuses a prompt without the token', token: 'none' },
  { id: 'wrong-token', name: 'refuses a prompt with a wrong token', token: WRONG },
] as const;

/** What a service that asks for a token must not let in; only for chains whose token is known. */
function authorizationOf({ name: side, path }: ServiceDefinition, client: ChainClient, prompt: () => string): Check[] {
  return CASES.map(({ id, name, token }) => ({
    id: `${side}-${id}`,
    name: `${side.toUpperCase()} ${name}`,
    side,
    expected: '401',
    async run(base) {
      const body = JSON.stringify({ prompt: prompt() });
      const came = await client.raw({ url: `${base}${path}`, method: 'POST', body, token });
      return came.kind === 'transport' ? transportFinding(came) : judge(came, side.toUpperCase());
    },
  }));
}

function judge({ status, text }: RawAnswer, name: string): Finding {
  if (status === 401) return { passed: true, actual: `401: ${excerpt(detailOf(text) ?? text)}` };
  const remedy =
    status === 200
      ? `${name} works for whoever finds its address: deploy it again with --auth token`
      : `${name} must answer 401 here: check its version, and what stands in front of it`;
  return { passed: false, actual: `${status}: ${excerpt(detailOf(text) ?? text)}`, remedy };
}
