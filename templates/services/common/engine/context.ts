import { canonicalModelName } from '../../../../src/services/chain/model-name.ts';

/**
 * Which `num_ctx` goes with a model's requests. Ollama loads a model again whose `num_ctx` changes, so from a model's
 * first chat on all its requests have the larger one.
 */
export class ContextRule {
  readonly #own: string;
  readonly #numCtx: number;
  readonly #chatNumCtx: number;
  readonly #chatted = new Set<string>();
  #settling = 0;

  /**
   * @param own the model that the service keeps loaded, with `numCtx` at first
   * @param chatNumCtx what a chat needs at least
   */
  constructor(own: string, numCtx: number, chatNumCtx: number) {
    this.#own = canonicalModelName(own);
    this.#numCtx = numCtx;
    this.#chatNumCtx = chatNumCtx;
  }

  /** With what the own model is to be loaded. */
  get own(): number {
    return this.of(this.#own, this.#numCtx);
  }

  /** The first chat is under way: the model may be loaded as before, as it will be, or not at all for a moment. */
  get settling(): boolean {
    return this.#settling > 0;
  }

  /** With what its chats have it loaded. */
  get ownChats(): number {
    return this.#chatSize;
  }

  /**
   * The own model was found loaded for chats: by another service that shares the engine, a replica of this one for
   * example. What it asks for is the larger, and two who want different things would load it in turns.
   */
  adopt(): void {
    this.#chatted.add(this.#own);
  }

  /** The variable that says how long the prompt of a chat may be. */
  get chatSetting(): string {
    return this.#chatNumCtx >= this.#numCtx ? 'CHAT_NUM_CTX' : 'NUM_CTX';
  }

  /** For a request that asks for `numCtx` itself. */
  of(model: string, numCtx: number): number {
    return this.#chatted.has(canonicalModelName(model)) ? Math.max(numCtx, this.#chatNumCtx) : numCtx;
  }

  /** For a request that does not: undefined where the engine's default has to do. */
  known(model: string): number | undefined {
    const name = canonicalModelName(model);
    if (name === this.#own) return this.own;
    return this.#chatted.has(name) ? this.#chatSize : undefined;
  }

  /**
   * For a chat.
   * @returns what to call when its first token or its end is there
   */
  chat(model: string): { readonly numCtx: number; readonly settled: () => void } {
    const name = canonicalModelName(model);
    const changes = name === this.#own && !this.#chatted.has(name) && this.#chatSize !== this.#numCtx;
    this.#chatted.add(name);
    if (!changes) return { numCtx: this.#chatSize, settled: () => {} };
    this.#settling++;
    let isOpen = true;
    return {
      numCtx: this.#chatSize,
      settled: () => {
        if (isOpen) this.#settling--;
        isOpen = false;
      },
    };
  }

  get #chatSize(): number {
    return Math.max(this.#numCtx, this.#chatNumCtx);
  }
}
