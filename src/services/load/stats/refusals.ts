import type { RequestRecord } from '../engine/request-record.ts';
import type { RequestProtocol } from '../protocols/protocol.ts';
import type { Refuser } from '../types.ts';
import { allowedLateness, LOCAL_LIMITS } from './validity.ts';

/**
 * Who said no to a request that did not succeed, by the look of the answer. Nobody says anything to a request that times out or is open when the drain ends: the
 * target did not answer in time, unless this machine was too late itself to blame it.
 *
 * @returns undefined for a success
 */
export function whoRefused(protocol: Pick<RequestProtocol, 'refuser'>, record: RequestRecord): Refuser | undefined {
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
      return protocol.refuser(status, /^HTTP \d+(?:: (.*))?$/s.exec(record.error)?.[1]);
  }
}

/** Whether this machine sent so late, or lost the request, that it says nothing about the target. */
function ownLateness({ latenessMs, serviceMs }: RequestRecord): boolean {
  return latenessMs === undefined || serviceMs === undefined || latenessMs > allowedLateness(serviceMs);
}
