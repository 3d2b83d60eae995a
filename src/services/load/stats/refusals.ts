import type { RequestRecord } from '../engine/request-record.ts';
import type { AnswerKind } from '../target.ts';
import type { Refuser } from '../types.ts';
import { allowedLateness, LOCAL_LIMITS } from './validity.ts';

/** Statuses with which gateways answer for a backend that they do not reach. */
const GATEWAY_STATUS = [502, 503, 504];
/** What the proxy of `deploy local` says, and what load balancers built on Envoy say. */
const BALANCER_SAYS =
  /^(backend \S+ failed|no healthy backend|draining: this proxy|no healthy upstream|upstream (connect|request)|stream timeout)/;
/** How a service says that it is not served by its own model. */
const SERVICE_SAYS = /^(overloaded|draining|deadline passed|ollama error)/;

/**
 * Who said no to a request that did not succeed, by the look of the answer. The services answer
 * `{"detail": ...}` and A puts `remote(B) error:` before what it heard from B's side; a gateway's own 502, 503 or 504
 * has a body that is not theirs. Nobody says anything to a request that times out or is open when the drain ends: the
 * target did not answer in time, unless this machine was too late itself to blame it.
 *
 * @returns undefined for a success
 */
export function whoRefused(kind: AnswerKind, record: RequestRecord): Refuser | undefined {
  const { outcome, status } = record;
  switch (outcome) {
    case 'ok':
      return undefined;
    case 'timeout':
    case 'incomplete':
      return ownLateness(record) ? 'client' : 'no_answer';
    case 'transport_error':
      return LOCAL_LIMITS.includes(record.class) ? 'client' : 'network';
    case 'invalid':
      return 'unknown';
    case 'http_error':
      return fromAnswer(kind, status, /^HTTP \d+(?:: (.*))?$/s.exec(record.error)?.[1]);
  }
}

/** Whether this machine sent so late, or lost the request, that it says nothing about the target. */
function ownLateness({ latenessMs, serviceMs }: RequestRecord): boolean {
  return latenessMs === undefined || serviceMs === undefined || latenessMs > allowedLateness(serviceMs);
}

function fromAnswer(kind: AnswerKind, status: number, detail: string | undefined): Refuser {
  if (kind === 'any') return detail !== undefined && BALANCER_SAYS.test(detail) ? 'load_balancer' : 'unknown';
  // No service of ours redirects: what stands in front of it does.
  if (status >= 300 && status < 400) return 'load_balancer';
  // In front of A and in front of B alike: an answer that no service of ours writes.
  if (detail === undefined) return GATEWAY_STATUS.includes(status) ? 'load_balancer' : 'unknown';
  if (BALANCER_SAYS.test(detail)) return 'load_balancer';
  if (kind === 'invoke') return 'b';
  const remote = /^(?:overloaded: )?remote\(B\) (?:error: )?(.*)$/s.exec(detail)?.[1];
  return remote === undefined ? 'a' : beyondA(remote);
}

/** What A heard from B's side: B's own words, a gateway's, or none because nothing came. */
function beyondA(said: string): Refuser {
  if (BALANCER_SAYS.test(said)) return 'load_balancer';
  const status = Number(/^status (\d+)$/.exec(said)?.[1] ?? Number.NaN);
  if (GATEWAY_STATUS.includes(status)) return 'load_balancer';
  if (SERVICE_SAYS.test(said) || !Number.isNaN(status) || said.startsWith('answered with')) return 'b';
  // Silence for as long as A waits is B's side; everything else that A can say is about the connection.
  return said.startsWith('no answer within') ? 'b' : 'network';
}
