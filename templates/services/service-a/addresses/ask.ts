import { errorText, parseObject, plainText } from '../../common/engine-error.ts';
import { TIMEOUT_HEADER } from '../../common/request-scope.ts';
import { type BytesReader, UpstreamError, type UpstreamReply, type UpstreamRequest } from '../../common/upstream.ts';
import type { Address, Call } from './address.ts';

/** An address has certainly not begun to work: it was not reached, or it refused for want of a place. */
export class NotTaken extends Error {
  readonly kind: 'unreached' | 'refused';
  readonly retryAfterSeconds: number;

  constructor(kind: 'unreached' | 'refused', why: string, retryAfterSeconds = 1, cause?: unknown) {
    super(why, { cause });
    this.kind = kind;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Sends a request to an address, says how long its caller waits, and judges the address by what comes. An answer that is
 * read as it comes has yet to end: its reader tells the rest.
 * @throws NotTaken where another address may be asked, an `UpstreamError`, or the scope's `Problem`
 */
export function ask(address: Address, call: Call, request: UpstreamRequest): Promise<UpstreamReply> {
  const { onBytes, timeoutMs, scope } = request;
  const remainingMs = Math.min(timeoutMs, scope?.remainingMs() ?? Infinity);
  const headers = { ...request.headers, [TIMEOUT_HEADER]: String(Math.max(0, Math.round(remainingMs))) };
  const timed: BytesReader | undefined =
    onBytes &&
    ((bytes, progress) => {
      call.firstByte(performance.now());
      return onBytes(bytes, progress);
    });
  // No `await`: what waits for a stream to end would keep the request, whose body may be large.
  return address.upstream.request({ ...request, headers, ...(timed && { onBytes: timed }) }).then(
    (reply) => {
      call.firstByte(performance.now());
      if (timed === undefined || reply.status !== 200) judge(call, reply);
      return reply;
    },
    (error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.unreached) throw new NotTaken('unreached', error.message, 1, error);
      // Time that ran out because the caller had so little says nothing about the address.
      if (error.kind === 'network' || remainingMs === timeoutMs) call.failed(performance.now());
      throw error;
    },
  );
}

/** What a service that is no engine says instead of an answer: one line. */
export function detailOf({ text, status }: UpstreamReply): string {
  const body = parseObject(text);
  const said = typeof body?.detail === 'string' ? body.detail : errorText(body);
  return (said !== undefined && plainText(said)) || `status ${status}`;
}

function judge(call: Call, reply: UpstreamReply): void {
  const { status, headers } = reply;
  if (status < 500) {
    call.succeeded(performance.now());
    return;
  }
  const detail = detailOf(reply);
  // A 503 of a load balancer or a proxy says something else, and is a failure.
  if (status === 503 && (detail.startsWith('overloaded') || detail.startsWith('draining'))) {
    throw new NotTaken('refused', detail, Number(headers['retry-after']) || 1, reply);
  }
  if (status === 504 && detail.startsWith('deadline passed')) call.abandoned();
  else call.failed(performance.now());
}
