interface Candidate {
  readonly healthy: boolean;
}

/** Round robin over whatever is healthy at the moment of asking. */
export class Rotation<T extends Candidate> {
  readonly #members: readonly T[];
  #next = 0;

  constructor(members: readonly T[]) {
    this.#members = members;
  }

  /** The next healthy member that is not in `tried`; undefined when there is none. */
  take(tried: ReadonlySet<T>): T | undefined {
    for (let step = 0; step < this.#members.length; step++) {
      const index = (this.#next + step) % this.#members.length;
      const member = this.#members[index] as T;
      if (!member.healthy || tried.has(member)) continue;
      this.#next = (index + 1) % this.#members.length;
      return member;
    }
    return undefined;
  }
}
