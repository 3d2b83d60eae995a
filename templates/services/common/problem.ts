/** What the open APIs' error objects say beside the message. */
export interface ProblemKind {
  /** `model_not_found`, `engine_error`, ...; the rest follows from the status. */
  readonly code?: string;
  /** The path of the field that is refused: `messages[1].role`. */
  readonly param?: string;
}

/** An answer other than 200: what the caller gets, and what the request log keeps. */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly code: string | undefined;
  readonly param: string | undefined;
  /** Which hop failed; only service A has more than one. */
  stage: string | undefined;
  /** What whoever was asked for it answered with, where that is another status. */
  upstream: number | 'timeout' | undefined;
  /** Nothing that costs was begun: to ask again is of use. undefined where nobody looked. */
  unbegun: boolean | undefined;

  constructor(
    status: number,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    { code, param }: ProblemKind = {},
  ) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.code = code;
    this.param = param;
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
  return new Problem(503, `overloaded: ${why}`, { 'retry-after': String(seconds) }, { code: 'overloaded' });
}
