import { readBounded } from '../chain/client.ts';
import { describeTransport } from '../chain/transport.ts';
import { serviceBase } from '../chain/urls.ts';
import { Agents, type AgentTerms } from '../dial/agents.ts';
import { USER_AGENT } from '../user-agent.ts';
import { parseJson } from '../words.ts';

/** Requests of one poll: twice the hosts that answered the one before, and never so many that a service would feel it. */
const FEWEST = 6;
const MOST = 20;
/** An answer is a line; whatever is longer is no answer of ours. */
const MAX_BODY_BYTES = 64 * 1024;

const TIMEOUT_MS = 3000;

export type HostProbe = ReturnType<typeof hostProbe>;

/**
 * Asks `GET /health` a few times, each on a connection of its own: a load balancer spreads connections, and one that is
 * kept would always be answered by the same host.
 *
 * @param url of the group's service; its path is left aside
 * @param way how targets are reached from here: the same as that of a load
 * @returns asks, and resolves to the hosts by name, how many requests no host answered, and why, most frequent first
 */
export function hostProbe(url: string, way: AgentTerms) {
  const health = `${serviceBase(url)}/health`;
  let requests = FEWEST;
  return async (signal: AbortSignal) => {
    const asked = requests;
    const agents = new Agents(way);
    try {
      const all = await Promise.all(Array.from({ length: asked }, () => ask(health, agents, signal)));
      const hosts = count(all.flatMap((each) => ('host' in each ? [each.host] : [])));
      const failures = count(all.flatMap((each) => ('failure' in each ? [each.failure] : [])));
      requests = Math.min(MOST, Math.max(FEWEST, 2 * hosts.length));
      return {
        hosts: hosts.map(([host, answers]) => ({ host, answers })).sort((a, b) => a.host.localeCompare(b.host)),
        unanswered: failures.reduce((sum, [, times]) => sum + times, 0),
        problems: failures.map(([why, times]) => `${times} of ${asked} GET /health: ${why}`),
      };
    } finally {
      await agents.close();
    }
  };
}

type Answer = { readonly host: string } | { readonly failure: string };

async function ask(url: string, agents: Agents, signal: AbortSignal): Promise<Answer> {
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { dispatcher, origin, path, headers: ofProxy } = agents.wayTo(url);
    const headers = { 'user-agent': USER_AGENT, ...ofProxy };
    const asked = { origin, path, method: 'GET', headers, signal: bounded, reset: true } as const;
    const { statusCode, body } = await dispatcher.request(asked);
    const answer = parseJson(String(await readBounded(body, MAX_BODY_BYTES))) as
      | { readonly host?: unknown }
      | null
      | undefined;
    if (statusCode !== 200) return { failure: `status ${statusCode}` };
    const host = answer?.host;
    if (typeof host === 'string' && host !== '') return { host };
    return { failure: 'the answer names no host: is this the address of B?' };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { failure: describeTransport(error, url, TIMEOUT_MS).reason };
  }
}

/** Most first. */
function count(names: readonly string[]): [name: string, times: number][] {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]): [string, number] => [name, all.length]);
  return counts.sort(([, m], [, n]) => n - m);
}
