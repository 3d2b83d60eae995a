import { type BenchStack, type Ended, hostAt } from './stack.ts';
import { covered, momentOf } from './times.ts';

/** A deploy from nothing, seconds. */
export interface FirstDeploy {
  readonly total: number;
  /** What nothing that deploys can avoid, one after the other. Their sum is the shortest time in which it can be done. */
  readonly waits: Readonly<Record<string, number>>;
}

/** When things became true, ms since 1970. */
interface Moments {
  readonly stable: number;
  readonly active: number;
}

/** How long the lab's front ends do not know a new rule; see WITH_VMS in lab/gcp/timings.ts. */
const FRONT_ENDS_SECONDS = 2;

/**
 * Deploys, and says what of it could not have been quicker: the API's answers before the first change, and then the
 * longest chain of what can only be done one after the other. From the API's own operations, and from a group that is
 * looked at every 50 ms, so that chainctl's pauses between two looks, what it does one after the other without need, its
 * own start and its questions to the public address count as its own.
 */
export async function firstDeploy(stack: BenchStack): Promise<FirstDeploy> {
  const calls = stack.gcp.calls.length;
  const over = new AbortController();
  const began = Date.now();
  const stable = momentOf(async () => (await stack.group())?.status?.isStable === true, over.signal);
  const active = momentOf(async () => (await stack.autoscaler())?.status === 'ACTIVE', over.signal);
  try {
    await stack.run(stack.deployArgs);
    const ended = Date.now();
    const address = (await stack.address()) ?? '';
    if ((await hostAt(address)) === undefined) throw new Error(`${stack.name} does not answer at ${address}`);
    const operations = await stack.operations(began);
    const first = Math.min(...operations.map(({ begin }) => begin));
    const looks = stack.gcp.calls.slice(calls).filter(({ client, at }) => client.includes('gax') && Number(at) < first);
    const spans = looks.map(({ at, tookMs = 0 }) => ({ begin: Number(at), end: Number(at) + tookMs }));
    const waits = { 'answers before the first change': covered(spans) };
    return {
      total: (ended - began) / 1000,
      waits: { ...waits, ...longestChain(operations, { stable: await stable, active: await active }) },
    };
  } finally {
    over.abort();
    await Promise.allSettled([stable, active]);
  }
}

/**
 * What takes longer of two things that go on side by side: the group, whose VM and autoscaler come after it (the
 * autoscaler counts the CPU that starting takes when it is made earlier), and the load balancer, which needs no group to be
 * made.
 */
function longestChain(operations: readonly Ended[], { stable, active }: Moments): FirstDeploy['waits'] {
  const took = (...parts: string[]) =>
    parts.map((part) => madeBy(operations, part)).reduce((sum, { begin, end }) => sum + (end - begin) / 1000, 0);
  const scaler = madeBy(operations, 'llm-b-autoscaler');
  const group = {
    'template and checks': Math.max(took('template-[0-9a-f]{8}'), took('healing-check'), took('firewall-lb')),
    group: took('llm-b-mig'),
    'VM until the group is stable': (stable - madeBy(operations, 'llm-b-mig').end) / 1000,
    'autoscaler until it is active': Math.max(0, active - Math.max(scaler.begin, stable)) / 1000,
  };
  const front = took('health-check', 'backend', 'url-map', 'http-proxy', 'forwarding-rule') + FRONT_ENDS_SECONDS;
  const sum = Object.values(group).reduce((total, seconds) => total + seconds, 0);
  return sum > front ? group : { 'load balancer': front };
}

function madeBy(operations: readonly Ended[], part: string): Ended {
  const found = operations.find(({ what }) => new RegExp(`^insert of .*-${part}$`).test(what));
  if (found === undefined) throw new Error(`no operation has made ${part}`);
  return found;
}
