import { type Api, Failure } from './api.ts';
import type { Turn } from './turns.ts';

/** After how long history is tried again, in milliseconds. */
const AGAIN_MS = 5000;

export interface KeeperListener {
  /** The server has this turn, at this place of its conversation. */
  kept(conversation: string, turn: Turn, position: number): void;
  /** The conversation was deleted, here or elsewhere: nothing more of it is kept. */
  deleted(conversation: string): void;
  /** This turn is not kept, and will not be. */
  refused(conversation: string, why: string): void;
  /** Why history is not kept now; undefined when it is. */
  reason(reason: string | undefined): void;
  /** Time to try again what could not be done. */
  again(): void;
}

/**
 * Writes turns to the server's history, and holds what could not be written until it can be. Writing twice does no harm:
 * the server knows turns by their ids.
 */
export class Keeper {
  readonly #api: Pick<Api, 'keep'>;
  readonly #listener: KeeperListener;
  /** By turn; a newer version takes the place of an older one. */
  readonly #waiting = new Map<string, { readonly conversation: string; readonly turn: Turn }>();
  #working = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Pick<Api, 'keep'>, listener: KeeperListener) {
    this.#api = api;
    this.#listener = listener;
  }

  /** How many turns only this page has. */
  get waiting(): number {
    return this.#waiting.size;
  }

  keep(conversation: string, turn: Turn): void {
    this.#waiting.set(turn.id, { conversation, turn });
    void this.work();
  }

  forget(conversation?: string): void {
    for (const [id, each] of this.#waiting) {
      if (conversation === undefined || each.conversation === conversation) this.#waiting.delete(id);
    }
  }

  /** Writes what waits, one after another. */
  async work(): Promise<void> {
    if (this.#working) return;
    clearTimeout(this.#timer);
    this.#working = true;
    try {
      for (;;) {
        const [first] = this.#waiting;
        if (first === undefined) break;
        const [id, entry] = first;
        const position = await this.#write(entry.conversation, entry.turn);
        // While it was written there may have come a newer version: that one is next.
        if (this.#waiting.get(id) === entry) this.#waiting.delete(id);
        if (position !== undefined) this.#listener.kept(entry.conversation, entry.turn, position);
      }
    } catch (error) {
      this.fault(error);
    }
    this.#working = false;
  }

  /** Says why history is not kept, and tries again later unless it is turned off. */
  fault(error: unknown): void {
    const { message, code, status } = error instanceof Failure ? error : new Failure(0, String(error));
    this.#listener.reason(message.replace(/^history is not kept: /, ''));
    clearTimeout(this.#timer);
    // Not by trying again: somebody has to set something.
    if (code === 'history_off' || status === 403) this.#waiting.clear();
    else this.#timer = setTimeout(() => this.#listener.again(), AGAIN_MS);
  }

  /** @returns its place; undefined where it is not wanted any more. @throws Failure where it should be tried again */
  async #write(conversation: string, turn: Turn): Promise<number | undefined> {
    try {
      const position = await this.#api.keep(conversation, turn);
      this.#listener.reason(undefined);
      return position;
    } catch (error) {
      const { status, code, message } = error instanceof Failure ? error : new Failure(0, '');
      if (code === 'conversation_deleted') {
        this.#listener.deleted(conversation);
        return undefined;
      }
      if (code === 'conversation_full') this.#listener.refused(conversation, message);
      // What is refused for what it is will be refused again: too large, for one. The server has its own copy of answers.
      if (status === 400 || status === 413) return undefined;
      throw error;
    }
  }
}
