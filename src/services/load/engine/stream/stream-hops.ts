import { Floats } from '../floats.ts';
import type { StreamedHop } from '../request-record.ts';

/** A graph has no more steps; what names more is none of ours, and must not fill the memory. */
const MOST = 32;

/** One step, while its tokens come. */
interface Hop {
  readonly name: string;
  readonly firstAt: number;
  lastAt: number;
  readonly gaps: Floats;
}

/** Tells the steps of a streamed chain apart: each token says of which one it is. */
export class StreamHops {
  readonly #hops: Hop[] = [];
  /** Tokens of a step come in a row, mostly. */
  #last: Hop | undefined;

  /** @param at milliseconds of the steady clock; the same for all of one read */
  token(name: string, at: number): void {
    let hop = this.#last;
    if (hop?.name !== name) {
      hop = this.#hops.find((each) => each.name === name);
      if (hop === undefined) {
        if (this.#hops.length === MOST) return;
        hop = { name, firstAt: at, lastAt: at, gaps: new Floats() };
        this.#hops.push(hop);
      }
      this.#last = hop;
    }
    if (at === hop.lastAt) return;
    hop.gaps.push(at - hop.lastAt);
    hop.lastAt = at;
  }

  /**
   * @param sentAt milliseconds of the steady clock
   * @returns undefined where there is one step only: its times are those of the stream
   */
  since(sentAt: number): StreamedHop[] | undefined {
    if (this.#hops.length < 2) return undefined;
    return this.#hops.map(({ name, firstAt, gaps }) => ({
      name,
      ttft_ms: firstAt - sentAt,
      itl_ms: Array.from(gaps.view()),
    }));
  }
}
