import { reasonOf } from '../../../errors.ts';
import { brief } from './brief.ts';
import type { WireEnd } from './exchange.ts';

/**
 * A request that ended without a complete answer. Its class is the error's code where it has one (`ECONNREFUSED`,
 * `ECONNRESET`, ...), and `connection-closed` where the server simply went away, whichever client noticed.
 *
 * @param status 0 where no head came
 */
export function failure(status: number, error: unknown): WireEnd {
  return { kind: 'failure', status, class: failureClass(error), error: brief(reasonOf(error)) };
}

function failureClass(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  if (code === 'UND_ERR_SOCKET') return 'connection-closed';
  return code === '' ? 'transport' : code;
}
