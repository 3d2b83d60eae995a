import { Agent, request } from 'undici';
import { readBounded } from '../chain/client.ts';
import { describeTransport } from '../chain/transport.ts';
import { serviceBase } from '../chain/urls.ts';
import type { HostCount } from './types.ts';

/** Requests of one poll: twice the hosts that answered the one before, and never so many that a service would feel it. */
const FEWEST = 6;
const MOST = 20;
const TIMEOUT_MS = 3000;
const MAX_BODY_BYTES = 64 * 1024;

interface ProbeAnswers {
  /** By name. */
  readonly hosts: readonly HostCount[];
  /** Requests that no host answered. */
  readonly unanswered: number;
  /** What went wrong, most frequent first. */
  readonly problems: readonly string[];
}

export type HostProbe = (signal: AbortSignal) => Promise<ProbeAnswers>;

/**
 * Asks `GET /health` a few times, each on a connection of its own: a load balancer spreads connections, and one that is
 * kept would always be answered by the same host.
 *
 * @param url of the group's service; its path is left aside
 */
export function hostProbe(url: string): HostProbe {
  const health = `${serviceBase(url)}/health`;
  let requests = FEWEST;
  return async (signal) => {
    const asked = requests;
    const agent = new Agent({ pipelining: 0, connections: asked, connect: { timeout: TIMEOUT_MS } });
    try {
      const all = await Promise.all(Array.from({ length: asked }, () => ask(health, agent, signal)));
      const hosts = count(all.flatMap((each) => ('host' in each ? [each.host] : [])));
      const failures = count(all.flatMap((each) => ('failure' in each ? [each.failure] : [])));
      requests = Math.min(MOST, Math.max(FEWEST, 2 * hosts.length));
      return {
        hosts: hosts.map(([host, answers]) => ({ host, answers })).sort((a, b) => a.host.localeCompare(b.host)),
        unanswered: failures.reduce((sum, [, times]) => sum + times, 0),
        problems: failures.map(([why, times]) => `${times} of ${asked} GET /health: ${why}`),
      };
    } finally {
      await agent.destroy();
    }
  };
}

type Answer = { readonly host: string } | { readonly failure: string };

async function ask(url: string, dispatcher: Agent, signal: AbortSignal): Promise<Answer> {
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { statusCode, body } = await request(url, { dispatcher, signal: bounded, reset: true });
    const text = await readBounded(body, MAX_BODY_BYTES);
    if (statusCode !== 200) return { failure: `status ${statusCode}` };
    const host = hostIn(text);
    return host === undefined ? { failure: 'the answer names no host: is this the address of B?' } : { host };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { failure: describeTransport(error, url, TIMEOUT_MS).reason };
  }
}

function hostIn(text: string): string | undefined {
  try {
    const { host } = JSON.parse(text) as { readonly host?: unknown };
    return typeof host === 'string' && host !== '' ? host : undefined;
  } catch {
    return undefined;
  }
}

/** Most first. */
function count(names: readonly string[]): [name: string, times: number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, m], [, n]) => n - m);
}
