import { parseObject, plainText } from '../common/engine-error.ts';
import { overloaded, Problem } from '../common/problem.ts';
import { type RequestScope, TIMEOUT_HEADER } from '../common/request-scope.ts';
import { Upstream, UpstreamError, type UpstreamReply } from '../common/upstream.ts';
import type { RemoteWindow } from './remote-window.ts';

/** The pauses before a refused request is sent again, in milliseconds; the last one repeats. */
const RETRY_MS = [50, 100, 200, 400, 800, 1000] as const;

/** A caller that leaves with less time than this has waited to its end; its clock and ours need not agree. */
const LATE_MS = 250;

export interface RemoteBOptions {
  /** B's `/invoke`, as a whole URL. */
  readonly url: string;
  /** For the whole second step, all attempts included, in milliseconds. */
  readonly timeoutMs: number;
  readonly window: RemoteWindow;
  /** The `Authorization` header that B asks for, if it asks for one. */
  readonly authorization: string | undefined;
}

/** The chain's second step. */
export class RemoteB {
  readonly #options: RemoteBOptions;
  readonly #upstream: Upstream;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: RemoteBOptions) {
    this.#options = options;
    this.#upstream = new Upstream(options.url);
    this.#headers = options.authorization === undefined ? {} : { authorization: options.authorization };
  }

  /**
   * B's answer to the prompt. "Overloaded" and "draining" mean that B has not begun, so the request, on which A's model
   * has already worked, is kept and sent again until its time is up. Every other failure is final:
   * 502 `remote(B) error: ...`, 504 for a timeout, 503 with `Retry-After` if B had no place to the end. Time that runs
   * out there narrows the window as a refusal does.
   */
  async invoke(prompt: string, scope: RequestScope): Promise<Record<string, unknown>> {
    const { window, timeoutMs } = this.#options;
    const body = JSON.stringify({ prompt });
    const endsAt = Math.min(performance.now() + timeoutMs, scope.deadlineAt);
    for (let attempt = 0; ; attempt++) {
      scope.check();
      const reply = await this.#send(body, endsAt - performance.now(), scope);
      const answer = parseObject(reply.text);
      if (reply.status === 200) {
        if (typeof answer?.llm_text !== 'string') throw failure("answered with something that is not B's answer");
        window.accepted();
        return answer;
      }
      const detail = typeof answer?.detail === 'string' ? plainText(answer.detail) : `status ${reply.status}`;
      if (!isRefusal(reply.status, detail)) {
        if (reply.status === 504) window.refused(performance.now());
        throw failure(detail, reply.status === 504 ? 504 : 502);
      }
      window.refused(performance.now());
      const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 1000;
      if (performance.now() + pause >= endsAt) {
        throw overloaded(`remote(B) ${detail}`, Number(reply.headers['retry-after']) || 1);
      }
      // Spread over half to one and a half of it, so that those refused together do not come back together.
      await holdFor(pause * (0.5 + Math.random()), window, scope);
    }
  }

  close(): void {
    this.#upstream.close();
  }

  async #send(body: string, timeoutMs: number, scope: RequestScope): Promise<UpstreamReply> {
    try {
      return await this.#upstream.request({
        method: 'POST',
        path: '',
        body,
        headers: { ...this.#headers, [TIMEOUT_HEADER]: String(Math.max(0, Math.round(timeoutMs))) },
        timeoutMs,
        scope,
      });
    } catch (error) {
      const isLate = error instanceof UpstreamError ? error.kind === 'timeout' : scope.remainingMs() < LATE_MS;
      // Time that runs out at B was spent in its queue: the place to wait is before A's model.
      if (isLate) this.#options.window.refused(performance.now());
      if (error instanceof UpstreamError) throw failure(error.message, isLate ? 504 : 502);
      throw error;
    }
  }
}

/** Waits until the time is up, B has freed a place, or the caller is gone (which rejects). */
function holdFor(ms: number, window: RemoteWindow, scope: RequestScope): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (then: () => void) => {
      clearTimeout(timer);
      release();
      unsubscribe();
      then();
    };
    const timer = setTimeout(() => end(resolve), ms);
    const release = window.hold(() => end(resolve));
    const unsubscribe = scope.onCancel((why) => end(() => reject(why)));
  });
}

/** B's own refusals; a 503 of a load balancer or proxy says something else and is a failure. */
function isRefusal(status: number, detail: string): boolean {
  return status === 503 && (detail.startsWith('overloaded') || detail.startsWith('draining'));
}

function failure(why: string, status = 502): Problem {
  return new Problem(status, `remote(B) error: ${why}`);
}
