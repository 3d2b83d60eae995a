import type { ChatOrder, EngineRun } from '../common/engine/engine.ts';
import { overloaded, Problem } from '../common/problem.ts';
import type { RequestScope } from '../common/request-scope.ts';
import { UpstreamError } from '../common/upstream.ts';
import type { Address, Call } from './addresses/address.ts';
import { NotTaken } from './addresses/ask.ts';
import type { AddressPool } from './addresses/pool.ts';
import type { RemoteAnswer, RemoteKind, RemoteStep } from './pipeline/remote-step.ts';
import { StepProblem } from './pipeline/step-problem.ts';
import { askChat } from './remote-chat.ts';
import { askInvoke, type Part } from './remote-invoke.ts';
import type { RemoteWindow } from './remote-window.ts';

/** The pauses before a refused request is sent again, in milliseconds; the last one repeats. */
const RETRY_MS = [50, 100, 200, 400, 800, 1000] as const;

/** A caller that leaves with less time than this has waited to its end; its clock and ours need not agree. */
const LATE_MS = 250;

export interface RemoteServiceOptions {
  readonly step: string;
  readonly kind: RemoteKind;
  /** Of `/invoke`; of chats where the kind is `chat`. */
  readonly pool: AddressPool;
  /** Where chats go, where that is not an address of `pool` with another path. */
  readonly chatPool: AddressPool | undefined;
  /** The path of chats on an address; undefined where it has none. */
  readonly chatPath: (address: Address) => string | undefined;
  /** The `model` of chats that name none; empty: none is sent. */
  readonly model: string;
  /** For the whole step, all attempts included, in milliseconds; of what is streamed to its first piece, and between two. */
  readonly timeoutMs: number;
  /** Of every request: the token, what the file names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What B refuses narrows it; undefined where the service is another one. */
  readonly window: RemoteWindow | undefined;
}

/** A generating service at one or several addresses: B, another one with its contract, or a chat API. */
export class RemoteService implements RemoteStep {
  readonly #options: RemoteServiceOptions;

  constructor(options: RemoteServiceOptions) {
    this.#options = options;
  }

  /** B's answer to the prompt. */
  invoke(prompt: string, run: EngineRun): Promise<RemoteAnswer> {
    const path = (address: Address) => address.path;
    return this.#send(this.#options.pool, path, run, (part) => askInvoke(part, prompt, run));
  }

  chat(order: ChatOrder, run: EngineRun): Promise<RemoteAnswer> {
    const { pool, chatPool, chatPath, model } = this.#options;
    const named = order.model === '' ? { ...order, model } : order;
    return this.#send(chatPool ?? pool, chatPath, run, (part) => askChat(part, chatPath(part.address), named, run));
  }

  close(): void {
    this.#options.pool.close();
    this.#options.chatPool?.close();
  }

  /**
   * "Overloaded" and "draining" mean that nothing has begun, so the request, on which other models may already have
   * worked, is kept and sent again until its time is up. Every other failure is final: 502 `<who> error: ...`, 504 for a
   * timeout, 503 with `Retry-After` if there was no place to the end. Time that runs out there narrows the window as a
   * refusal does.
   */
  async #send(
    pool: AddressPool,
    pathOf: (address: Address) => string | undefined,
    { scope, who }: EngineRun,
    ask: (part: Part) => Promise<Omit<RemoteAnswer, 'address' | 'attempts' | 'seconds'>>,
  ): Promise<RemoteAnswer> {
    const { step, kind, window, headers, timeoutMs } = this.#options;
    const startedAt = performance.now();
    const endsAt = Math.min(startedAt + timeoutMs, scope.deadlineAt);
    let attempts = 0;
    const once = async (address: Address, call: Call): Promise<RemoteAnswer> => {
      attempts++;
      const left = endsAt - performance.now();
      const answer = await ask({ address, call, timeoutMs: left, headers });
      call.succeeded(performance.now());
      return {
        ...answer,
        address: address.shown(pathOf(address) ?? address.path),
        attempts,
        seconds: (performance.now() - startedAt) / 1000,
      };
    };
    for (let round = 0; ; round++) {
      scope.check();
      try {
        const answer = await pool.round(step, once);
        window?.accepted();
        return answer;
      } catch (error) {
        if (!(error instanceof NotTaken)) throw this.#failure(error, scope, who);
        if (error.kind === 'unreached') {
          throw Object.assign(new StepProblem(502, `${who} error: ${error.message}`), { unbegun: true });
        }
        window?.refused(performance.now());
        const pause = RETRY_MS[Math.min(round, RETRY_MS.length - 1)] ?? 1000;
        if (kind === 'chat' || performance.now() + pause >= endsAt) {
          throw overloaded(`${who} ${error.message}`, error.retryAfterSeconds);
        }
        // Spread over half to one and a half of it, so that those refused together do not come back together.
        await holdFor(pause * (0.5 + Math.random()), window, scope);
      }
    }
  }

  #failure(error: unknown, scope: RequestScope, who: string): unknown {
    const isLate =
      error instanceof UpstreamError
        ? error.kind === 'timeout'
        : (error instanceof Problem && error.status === 504) || scope.remainingMs() < LATE_MS;
    // Time that runs out at B was spent in its queue: the place to wait is before A's model.
    if (isLate) this.#options.window?.refused(performance.now());
    if (!(error instanceof UpstreamError)) return error;
    return new StepProblem(isLate ? 504 : 502, `${who} error: ${error.message}`, isLate ? 'timeout' : undefined);
  }
}

/** Waits until the time is up, B has freed a place, or the caller is gone (which rejects). */
function holdFor(ms: number, window: RemoteWindow | undefined, scope: RequestScope): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (then: () => void) => {
      clearTimeout(timer);
      release?.();
      unsubscribe();
      then();
    };
    const timer = setTimeout(() => end(resolve), ms);
    const release = window?.hold(() => end(resolve));
    const unsubscribe = scope.onCancel((why) => end(() => reject(why)));
  });
}
