import { reasonOf } from '../../../errors.ts';
import { certificateFault, tlsReason } from '../../chain/transport.ts';
import { brief } from './brief.ts';
import type { Due } from './feed/feed.ts';
import { HTTP2_ONLY } from './http/response-head.ts';
import type { Judged } from './record-columns.ts';
import type { TokenMeter } from './stream/token-meter.ts';

/** A chain's answer is a few kilobytes; one that does not end must not fill the memory. */
export const MAX_ANSWER_BYTES = 1 << 20;

/** Any status of a success: its body is what was asked for. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** How a request ended on the wire, before its answer is judged. */
export type WireEnd =
  /** `text` is empty for a streamed answer, which the request's token meter has read. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly text: string;
      /** The header of this name, with which a redirect says where to. */
      readonly location: string | undefined;
      /** That with which a refusal says when. */
      readonly retryAfter: string | undefined;
    }
  | ({ readonly kind: 'failure' } & Judged);

/** One request from sending to its end. */
export class Exchange {
  readonly due: Due;
  /** Milliseconds of the steady clock. */
  readonly sentAt: number;
  /** Reads a streamed answer as it comes. */
  readonly meter: TokenMeter | undefined;
  /** Set by the owner once the request is accounted for; everything after it is noise of tearing down. */
  done = false;
  /** Of the answer that has begun; 0 before. */
  status = 0;
  /** Frees what the request holds on the wire. Set by the transport. */
  abandon: (() => void) | undefined;

  constructor(due: Due, sentAt: number, meter: TokenMeter | undefined) {
    this.due = due;
    this.sentAt = sentAt;
    this.meter = meter;
  }
}

/** Called once per request unless it was abandoned before. */
export type OnEnd = (exchange: Exchange, end: WireEnd) => void;

/**
 * A request that ended without a complete answer. Its class is the error's code where it has one (`ECONNREFUSED`,
 * `ECONNRESET`, ...), and `connection-closed` where the server simply went away, whichever client noticed.
 */
export function failure(error: unknown): WireEnd {
  const inner = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  const name = CLASSES.find(([codes]) => codes.test(code))?.[1] ?? (code || 'transport');
  return { kind: 'failure', outcome: 'transport_error', class: name, error: brief(wordsOf(name, inner)) };
}

/** Classes of their own for codes that do not say what they are. */
const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^UND_ERR_SOCKET$/, 'connection-closed'],
  [/^ERR_SSL_.*NO_APPLICATION_PROTOCOL$/, 'http2-only'],
];

function wordsOf(name: string, error: unknown): string {
  if (name === 'http2-only' && error instanceof Error && error.message !== HTTP2_ONLY) {
    return `${HTTP2_ONLY} (it refuses TLS for them, by ALPN)`;
  }
  const certificate = certificateFault(error);
  if (certificate !== undefined) return `the certificate ${certificate[0]}`;
  return /^(ERR_SSL_|EPROTO)/.test(name) ? tlsReason(error) : reasonOf(error);
}
