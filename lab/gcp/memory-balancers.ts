import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { BALANCERS, nextLoopbackHost } from './loopback-hosts.ts';
import type { Backend, BalancerRule, Balancers } from './machines.ts';
import { Health, probe } from './probes.ts';

interface Live {
  rule: BalancerRule;
  readonly server: Server;
  readonly health: Map<string, Health>;
  readonly traffic: Map<string, { busy: number; total: number }>;
  timer: NodeJS.Timeout | undefined;
  next: number;
}

/** A load balancer in this process: serves on loopback, 127.160.0.0/11, with health checks and draining. Needs root for port 80. */
export function memoryBalancers(): Balancers {
  const live = new Map<string, Live>();

  function look(each: Live): void {
    const { rule, health } = each;
    const { check } = rule;
    // As every health check of the API, so that thresholds mean the same.
    const spec = { type: 'HTTP', httpHealthCheck: { port: check.port, requestPath: check.path }, ...check };
    for (const name of health.keys()) if (!rule.backends.some((backend) => backend.name === name)) health.delete(name);
    const looks = rule.backends.map(async (backend) => {
      const known = health.get(backend.name) ?? new Health();
      health.set(backend.name, known);
      known.note(await probe(spec, backend.address, backend.port, check.timeoutMs), spec);
    });
    void Promise.all(looks).then(() => {
      if (live.get(rule.name) === each) each.timer = setTimeout(() => look(each), check.intervalMs);
    });
  }

  return {
    newAddress: () => nextLoopbackHost(BALANCERS),
    async put(rule) {
      const known = live.get(rule.name);
      if (known && known.rule.address === rule.address && known.rule.port === rule.port) {
        known.rule = rule;
        return;
      }
      if (known) await remove(rule.name);
      const server = createServer((incoming, outgoing) => forward(each, incoming, outgoing));
      const each: Live = { rule, server, health: new Map(), traffic: new Map(), timer: undefined, next: 0 };
      server.listen(rule.port, rule.address);
      await once(server, 'listening');
      live.set(rule.name, each);
      look(each);
    },
    remove,
    async health(name) {
      const each = live.get(name);
      if (!each) return {};
      const states = each.rule.backends.flatMap((backend): [string, 'HEALTHY' | 'UNHEALTHY' | 'DRAINING'][] => {
        const state = each.health.get(backend.name)?.state ?? 'UNKNOWN';
        if (backend.draining) return [[backend.name, 'DRAINING']];
        return state === 'UNKNOWN' ? [] : [[backend.name, state === 'HEALTHY' ? 'HEALTHY' : 'UNHEALTHY']];
      });
      return Object.fromEntries(states);
    },
    async traffic(name) {
      return Object.fromEntries(live.get(name)?.traffic ?? []);
    },
    async close() {
      for (const name of [...live.keys()]) await remove(name);
    },
  };

  async function remove(name: string): Promise<void> {
    const each = live.get(name);
    live.delete(name);
    clearTimeout(each?.timer);
    each?.server.close();
    each?.server.closeAllConnections();
  }
}

/** Passes a request on to the next healthy backend. */
function forward(live: Live, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { rule, health, traffic } = live;
  const refuse = (status: number) => {
    incoming.resume();
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(status, { 'content-type': 'text/html' }).end(`<html><title>${status}</title></html>`);
  };
  const ready = rule.backends.filter(({ name, draining }) => !draining && health.get(name)?.state === 'HEALTHY');
  if (rule.onlyStatus || ready.length === 0) {
    refuse(rule.onlyStatus ?? 502);
    return;
  }
  live.next += 1;
  const backend = ready[live.next % ready.length] as Backend;
  const own = traffic.get(backend.name) ?? { busy: 0, total: 0 };
  traffic.set(backend.name, own);
  own.busy += 1;
  own.total += 1;
  outgoing.once('close', () => {
    own.busy -= 1;
  });
  const { method, url, headers } = incoming;
  const upstream = httpRequest(
    { host: backend.address, port: backend.port, method, path: url, headers, timeout: rule.timeoutSeconds * 1000 },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, via: '1.1 google' });
      answer.pipe(outgoing);
    },
  );
  upstream.on('timeout', () => upstream.destroy());
  upstream.on('error', () => refuse(502));
  incoming.pipe(upstream);
}
