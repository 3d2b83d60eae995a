import type { ChatOrder, EngineAnswer, EngineRun } from '../../common/engine/engine.ts';
import type { RequestScope } from '../../common/request-scope.ts';
import type { UpstreamReply } from '../../common/upstream.ts';

/** Where a step sends to: contract 4.1 and 4.6. */
export interface StepAddresses {
  /** The step's name: for texts and figures. */
  readonly step: string;
  /** Whole URLs. Empty only for kind `service-b`: then they are those of the environment (`REMOTE_B_URL`, ...). */
  readonly urls: readonly string[];
  /** undefined: that of the environment for `service-b`, else `round-robin`. */
  readonly policy: 'round-robin' | 'least-latency' | 'failover' | undefined;
  readonly resolve: 'once' | 'each' | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one attempt, queueing there included; undefined where the file names none. */
  readonly timeoutMs: number | undefined;
}

/**
 * `service-b`, `invoke`: URLs of `/invoke`, what is refused is sent again until the time is up. `chat`: URLs of
 * `/v1/chat/completions`, where only another address is tried.
 */
export type RemoteKind = 'service-b' | 'invoke' | 'chat';

/** What another service answered, and who that was. */
export interface RemoteAnswer extends Omit<EngineAnswer, 'engine'> {
  /** Its object; of a streamed chat one in the form of `/invoke`: `{"llm_text", "model", "host", ...}`. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly model: string | undefined;
  readonly host: string | undefined;
  readonly address: string;
  /** How often the request was sent. */
  readonly attempts: number;
}

/**
 * A generating service at one or several addresses. Rejections are `Problem`s whose text begins with `run.who`
 * (`remote(B) error: ...`); a `StepProblem` tells which status it was there. With a sink it streams.
 */
export interface RemoteStep {
  invoke(prompt: string, run: EngineRun): Promise<RemoteAnswer>;
  /** An empty model is not sent. */
  chat(order: ChatOrder, run: EngineRun): Promise<RemoteAnswer>;
  close(): void;
}

/** Any other service that takes JSON: `embed`, `retrieve`, `rerank`, `raw`. */
export interface JsonStep {
  /**
   * Any status is an answer, but those that another address can do something about while there is one. Rejects with
   * `UpstreamError`, or with the scope's `Problem`.
   */
  post(body: string, run: JsonRun): Promise<UpstreamReply & { readonly address: string; readonly attempts: number }>;
  close(): void;
}

export interface JsonRun {
  readonly scope: RequestScope;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly onResend?: (() => void) | undefined;
}

/** What opens the addresses of steps; one of it in a service. */
export interface Remotes {
  generating(kind: RemoteKind, addresses: StepAddresses): RemoteStep;
  json(addresses: StepAddresses): JsonStep;
}
