import { EventStream } from './event-stream.ts';
import { type StepEvent, stepEventOf } from './progress.ts';
import type { Measured, Message, Turn } from './turns.ts';

/** A refusal or a failure, with the service's own reason. */
export class Failure extends Error {
  /** 0: no answer came. */
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, message: string, code: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly updated_at: string;
  readonly turns: number;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly next: string | number | null;
}

export interface Ask {
  readonly conversation: string;
  readonly turn: string;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly signal: AbortSignal;
  /** Told each piece as it comes. */
  readonly onText: (text: string) => void;
  readonly onReasoning: (text: string) => void;
  /** Told when a step of the chain begins, and when it has ended. */
  readonly onStep: (step: StepEvent) => void;
}

/** How an answer ended, as far as it did not fail. */
export interface Answered {
  readonly finish: string;
  readonly model: string | null;
  readonly chainctl: Measured | null;
  readonly trimmed: number;
}

/** The code of a stream that ended before its end. */
export const BROKEN = 'broken';

/** A request that the browser finishes although its page is closed may be so large, in bytes. */
const KEEPALIVE_BYTES = 60_000;

/** The service's API, for this page: same origin, with the token where one is asked for. */
export class Api {
  readonly #token: () => string | null;
  /** Resolves when another token is there; rejects when there will be none. */
  readonly #askToken: (why: string) => Promise<void>;

  constructor(token: () => string | null, askToken: (why: string) => Promise<void>) {
    this.#token = token;
    this.#askToken = askToken;
  }

  async simulated(): Promise<boolean> {
    return ((await this.#json('GET', '/health')) as { simulated?: unknown }).simulated === true;
  }

  async models(): Promise<string[]> {
    const { data } = (await this.#json('GET', '/v1/models')) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  }

  async conversations(before: string | number | null): Promise<Page<Conversation>> {
    const query = before === null ? '' : `&before=${before}`;
    return (await this.#json('GET', `/v1/conversations?limit=50${query}`)) as Page<Conversation>;
  }

  async turns(conversation: string, after: number, limit = 500): Promise<Page<Turn>> {
    const path = `/v1/conversations/${conversation}/turns?limit=${limit}&after=${after}`;
    const page = (await this.#json('GET', path)) as Page<Turn & { created_at: string }>;
    return { ...page, data: page.data.map((turn) => ({ ...turn, createdAt: turn.created_at })) };
  }

  async turn(conversation: string, turn: string): Promise<Turn> {
    return (await this.#json('GET', `/v1/conversations/${conversation}/turns/${turn}`)) as Turn;
  }

  /** @returns its place in the conversation */
  async keep(conversation: string, turn: Turn): Promise<number> {
    const { question, answer, state, model, error, chainctl } = turn;
    const body = { question, answer, state, model, error: error?.slice(0, 2000) ?? null, chainctl };
    const path = `/v1/conversations/${conversation}/turns/${turn.id}`;
    return ((await this.#json('PUT', path, body)) as { position: number }).position;
  }

  async remove(conversation: string | undefined): Promise<void> {
    await this.#json('DELETE', conversation === undefined ? '/v1/conversations' : `/v1/conversations/${conversation}`);
  }

  /** Asks, and hands on the answer while it comes. @throws Failure, or AbortError when `signal` ends it */
  async chat(ask: Ask): Promise<Answered> {
    const { model, signal } = ask;
    let { messages } = ask;
    for (;;) {
      const body = { ...(model !== '' && { model }), messages, stream: true, stream_options: { include_usage: true } };
      const headers = {
        'x-chainctl-conversation': ask.conversation,
        'x-chainctl-turn': ask.turn,
        'x-chainctl-progress': '1',
      };
      try {
        const response = await this.#send('POST', '/v1/chat/completions', { body, headers, signal });
        const trimmed = Number(response.headers.get('x-chainctl-trimmed') ?? 0) + ask.messages.length - messages.length;
        return { ...(await readAnswer(response, ask)), trimmed };
      } catch (error) {
        // A conversation may grow larger than what a request may be: then its older half stays here.
        if (!(error instanceof Failure && error.status === 413 && messages.length > 1)) throw error;
        messages = messages.slice(Math.ceil((messages.length - 1) / 4) * 2);
      }
    }
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#send(method, path, { body });
    try {
      return await response.json();
    } catch {
      throw new Failure(0, 'the answer is not what it should be');
    }
  }

  async #send(
    method: string,
    path: string,
    { body, headers, signal }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    for (;;) {
      const token = this.#token();
      const response = await fetch(path, {
        method,
        headers: {
          ...(text !== undefined && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        // Of a page that is being closed, what it has said is still kept.
        keepalive: method === 'PUT' && text !== undefined && text.length * 3 < KEEPALIVE_BYTES,
        ...(text !== undefined && { body: text }),
        ...(signal && { signal }),
      }).catch((error: unknown) => {
        if (signal?.aborted) throw error;
        throw new Failure(0, 'the service cannot be reached');
      });
      if (response.ok) return response;
      const failure = await failureOf(response);
      // Another request may have got the token in the meantime.
      if (response.status !== 401) throw failure;
      if (this.#token() === token) await this.#askToken(failure.message).catch(() => Promise.reject(failure));
      signal?.throwIfAborted();
    }
  }
}

async function failureOf(response: Response): Promise<Failure> {
  const text = await response.text().catch(() => '');
  try {
    const { error, detail } = JSON.parse(text);
    const message = error?.message ?? detail;
    if (typeof message === 'string') return new Failure(response.status, message, error?.code ?? null);
  } catch {}
  return new Failure(response.status, `the service answers ${response.status} ${response.statusText}`.trim());
}

async function readAnswer(
  response: Response,
  { onText, onReasoning, onStep, signal }: Ask,
): Promise<Omit<Answered, 'trimmed'>> {
  const events = new EventStream();
  const reader = response.body?.getReader();
  const answered = { finish: '', model: null as string | null, chainctl: null as Measured | null };
  for (;;) {
    const chunk = await reader?.read().catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    if (chunk?.value === undefined) throw new Failure(0, 'the connection broke before the answer was complete', BROKEN);
    for (const data of events.push(chunk.value)) {
      if (data === '[DONE]') return answered;
      const event = parsed(data);
      if (event.error) throw new Failure(0, String(event.error.message ?? event.error));
      if (typeof event.model === 'string') answered.model = event.model;
      const step = stepEventOf(event);
      if (step) onStep(step);
      if (event.chainctl) answered.chainctl = event.chainctl;
      const choice = event.choices?.[0];
      if (choice?.finish_reason) answered.finish = choice.finish_reason;
      if (choice?.delta?.content) onText(choice.delta.content);
      if (choice?.delta?.refusal) onText(choice.delta.refusal);
      if (choice?.delta?.reasoning_content) onReasoning(choice.delta.reasoning_content);
    }
  }
}

interface Chunk {
  readonly model?: string;
  readonly chainctl?: Measured;
  readonly step?: unknown;
  readonly error?: { readonly message?: string };
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly refusal?: string | null;
      readonly reasoning_content?: string | null;
    };
  }[];
}

function parsed(data: string): Chunk {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    throw new Failure(0, 'the service sent something that is not an answer');
  }
}
