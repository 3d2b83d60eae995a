import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';

/** An address that has not answered by then is given company (RFC 8305, 5: between 100 ms and 2 s, 250 ms advised). */
const STAGGER_MS = 250;
/** Ports in use that are passed over for one connection before it fails. */
const MAX_PORT_TRIES = 64;

interface RaceTerms {
  readonly addresses: readonly LookupAddress[];
  /** Place of the address that is tried first. */
  readonly first: number;
  /** Begins a connection; `tries`: source ports of it that were in use. */
  readonly connect: (address: LookupAddress, tries: number) => Socket;
  /** Told once, and never before the constructor has returned: the socket and the place of its address, or what failed. */
  readonly done: (error: NodeJS.ErrnoException | undefined, socket?: Socket, place?: number) => void;
}

/**
 * One connection to whichever address takes it first, as browsers do it: the next address is tried when one fails, or has
 * said nothing for a quarter of a second; those that were begun go on meanwhile. So an address that swallows everything
 * costs that quarter and not a request.
 */
export class Race {
  readonly #terms: RaceTerms;
  readonly #open = new Map<number, Socket>();
  readonly #untried: number[];
  #timer: NodeJS.Timeout | undefined;
  #error: NodeJS.ErrnoException | undefined;
  #over = false;

  constructor(terms: RaceTerms) {
    this.#terms = terms;
    const { addresses, first } = terms;
    this.#untried = [first, ...addresses.map((_, place) => place).filter((place) => place !== first)];
    this.#next();
  }

  /** Tries this address now: it took a connection elsewhere. */
  hurry(place: number): void {
    const at = this.#untried.indexOf(place);
    if (this.#over || at < 0) return;
    this.#untried.splice(at, 1);
    this.#try(place, 0);
  }

  /** Frees everything; nothing more is told. */
  cancel(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const socket of this.#open.values()) socket.destroy();
    this.#open.clear();
  }

  #next(): void {
    clearTimeout(this.#timer);
    const place = this.#untried.shift();
    if (place === undefined) return;
    this.#try(place, 0);
    if (this.#untried.length > 0) this.#timer = setTimeout(() => this.#next(), STAGGER_MS);
  }

  #try(place: number, tries: number): void {
    const socket = this.#terms.connect(this.#terms.addresses[place] as LookupAddress, tries);
    this.#open.set(place, socket);
    const failed = (error: NodeJS.ErrnoException) => {
      if (this.#over) return;
      this.#open.delete(place);
      const isPort = error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL';
      if (isPort && tries < MAX_PORT_TRIES) this.#try(place, tries + 1);
      else this.#failed(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      if (this.#over) return;
      socket.off('error', failed);
      this.#open.delete(place);
      this.cancel();
      this.#terms.done(undefined, socket, place);
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#error ??= error;
    if (this.#untried.length > 0) this.#next();
    else if (this.#open.size === 0) {
      this.#over = true;
      const { length } = this.#terms.addresses;
      const { message, code = '' } = this.#error;
      const all = `${message}, and the other addresses of the name (${length - 1}) took no connection either`;
      this.#terms.done(length === 1 ? this.#error : Object.assign(new Error(all), { code }));
    }
  }
}
