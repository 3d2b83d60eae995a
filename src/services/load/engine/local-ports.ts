import { readFileSync } from 'node:fs';

/** Below it live services and what they reserve. */
const LOWEST = 10_240;
/** Linux' default, for where it cannot be read. */
const DEFAULT_RANGE = [32_768, 60_999] as const;

/**
 * Source ports in an order that seldom meets one in use: round and round through the ephemeral range, and through what
 * lies below it when that is used up. Generators of one point take different residues.
 */
export class LocalPorts {
  readonly #count: number;
  readonly #first: number;
  readonly #high: number;
  readonly #step: number;
  readonly #offset: number;
  #turn: number;

  /**
   * @param share which of how many generators this is
   * @param start where in the order to begin, in [0, 1): two sweeps at a time would otherwise meet at every port
   */
  constructor(
    share: { readonly index: number; readonly count: number },
    range = ephemeralRange(),
    start = Math.random(),
  ) {
    const [low, high] = range;
    this.#step = share.count;
    this.#offset = share.index;
    this.#first = Math.min(low, LOWEST);
    this.#high = high;
    this.#count = Math.max(1, Math.floor((high - this.#first + 1 - share.index + share.count - 1) / share.count));
    this.#turn = Math.floor(start * this.#count);
  }

  next(): number {
    const turn = this.#turn++ % this.#count;
    return Math.max(this.#first, this.#high - this.#offset - turn * this.#step);
  }
}

/** The kernel's range of ports for outgoing connections, both ends included. */
function ephemeralRange(): readonly [number, number] {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
    if (low !== undefined && high !== undefined && low < high) return [low, high];
  } catch {
    // Not Linux.
  }
  return DEFAULT_RANGE;
}
