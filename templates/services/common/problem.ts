/** An answer other than 200: what the caller gets, and what the request log keeps. */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Which hop failed; only service A has more than one. */
  stage: string | undefined;

  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * The caller has gone. Nobody reads this answer; the number is nginx's for the same event, so that the request log
 * tells it apart from a failure of ours.
 */
export function clientGone(): Problem {
  return new Problem(499, 'client closed the connection');
}

/** Seconds in `Retry-After` must be whole; at least 1 or a client would come straight back. */
export function overloaded(why: string, retryAfterSeconds: number): Problem {
  const seconds = Math.min(30, Math.max(1, Math.ceil(retryAfterSeconds)));
  return new Problem(503, `overloaded: ${why}`, { 'retry-after': String(seconds) });
}
