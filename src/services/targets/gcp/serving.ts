import { request } from 'node:http';
import { reasonOf, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { backendHealth } from './group-source.ts';

/** One request to the public address over a connection of its own: undefined for a 200, else what was wrong. */
export type Probe = (url: string, signal: AbortSignal) => Promise<string | undefined>;

interface Serving {
  readonly key: string;
  readonly compute: Compute;
  readonly probe: Probe;
  /** Name of the backend service. */
  readonly backend: string;
  /** Path of the instance group behind it. */
  readonly group: string;
  readonly address: string;
  readonly deadlineSeconds: number;
}

/** Good answers in a row after which the address is taken to serve: its front ends learn of it one by one. */
const ANSWERS = 5;
const BETWEEN_MS = 100;

/**
 * Resolves once B answers through its public address: the load balancer calls a backend healthy, and several requests in
 * a row, each over a new connection, get a 200. The end of the operation that makes the rule says nothing of this: refused
 * connections, 404 and 502 go on for minutes.
 *
 * @throws RemedyError (exit 5) when the deadline has passed
 */
export async function untilServing(context: ResourceContext, serving: Serving): Promise<void> {
  const { key, compute, probe, address, deadlineSeconds } = serving;
  const url = `http://${address}/health`;
  let healthy = false;
  await pollUntil(context, {
    key,
    action: 'ready',
    deadlineSeconds,
    longestMs: 500,
    async look() {
      if (!healthy) {
        const reason = await backendsReason(serving, context.signal);
        if (reason !== undefined) return { reason };
        healthy = true;
      }
      for (let good = 0; good < ANSWERS; good += 1) {
        if (good > 0) await context.clock.sleep(BETWEEN_MS, context.signal);
        const fault = await probe(url, context.signal);
        if (fault !== undefined) return { reason: `${url}: ${fault}${good > 0 ? ` after ${good} good answers` : ''}` };
      }
      return { done: true };
    },
    late: (reason) =>
      remedy.unhealthy('not-ready', `service B does not answer at ${address} within ${deadlineSeconds} s: ${reason}`, [
        'run the same command again: a new load balancer may take ten minutes',
        `see its backends: gcloud compute backend-services get-health ${serving.backend} --global --project ${compute.project}`,
      ]),
  });
}

/** Why the load balancer sends nothing to the group yet; undefined once one backend is healthy. */
async function backendsReason({ compute, backend, group }: Serving, signal: AbortSignal): Promise<string | undefined> {
  const health = [...(await backendHealth(compute, backend, group, signal))];
  if (health.some(([, state]) => state === 'HEALTHY')) return undefined;
  if (health.length === 0) return 'the load balancer knows no backend yet';
  return `backends: ${health.map(([name, state]) => `${name} ${state}`).join(', ')}`;
}

const TIMEOUT_MS = 10_000;

/** A GET over a connection of its own: a kept one would go on leading to the front end that knows the rule already. */
export const httpProbe: Probe = (url, signal) =>
  new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const call = request(url, { agent: false, signal: AbortSignal.any([signal, timeout]) }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200 ? undefined : `HTTP ${answer.statusCode}`));
      answer.on('error', (error) => resolve(reasonOf(error)));
    });
    call.on('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else resolve(timeout.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : reasonOf(error));
    });
    call.end();
  });
