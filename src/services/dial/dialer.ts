import type { LookupAddress } from 'node:dns';
import { isIP, type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { defined } from '../defined.ts';
import { Handshakes } from './handshakes.ts';
import type { ProxyServer } from './proxy.ts';
import { Race } from './race.ts';
import { interleaved, type Resolve, type Resolved, resolveOnce } from './resolve.ts';
import { openTunnel } from './tunnel.ts';
import { socketOf } from './unix-target.ts';

/** A name of which no address takes a connection is looked up again at most so often. */
const LOOKUP_PAUSE_MS = 1000;
/** What is to be connected with, and how. */
export interface Destination {
  readonly url: URL;
  readonly proxy?: ProxyServer;
  /** Certificates of authorities that are trusted beside the usual ones, PEM. */
  readonly ca?: string;
}

interface DialTerms {
  /** How the socket has to read, where that is not the usual way. */
  readonly onread?: OnReadOpts;
  /** Source ports, for where the kernel is out of them; `own`: also the first. */
  readonly nextPort?: () => number;
  readonly own?: boolean;
}

/** Told once, and never before {@link Dialer.dial} has returned. */
type OnDialed = (error: Error | undefined, socket?: Socket) => void;

/** A connection that is being made. */
export interface Dial {
  /** Frees everything; nothing more is told. */
  cancel(): void;
}

/**
 * Makes connections to one origin: to the address that took one last, or whichever does; through a proxy where there is one;
 * with TLS where the origin asks for it, which takes up the session of an earlier one, as any client does.
 */
export class Dialer {
  readonly #to: Destination;
  readonly #resolve: Resolve;
  readonly #races = new Set<Race>();
  #resolved: Resolved;
  /** Place of the address that took a connection last. */
  #best = 0;
  readonly #handshakes = new Handshakes();
  #lookedUp = performance.now();
  #context: SecureContext | undefined;
  readonly #sessions = new Map<string, Buffer>();

  private constructor(to: Destination, resolve: Resolve, resolved: Resolved) {
    this.#to = to;
    this.#resolve = resolve;
    this.#resolved = resolved;
  }

  /** Looks the name up; a name without an address is met by each connection. */
  static async open(to: Destination, resolve: Resolve = resolveOnce): Promise<Dialer> {
    return new Dialer(to, resolve, await addressesOf(to, resolve));
  }

  /** Whether so many handshakes are under way that another one would only make them slower; see {@link Handshakes}. */
  isBusy(isNeeded: boolean): boolean {
    return this.#handshakes.isBusy(isNeeded);
  }

  dial({ onread, nextPort, own = false }: DialTerms, done: OnDialed): Dial {
    const { url, proxy } = this.#to;
    const isTls = url.protocol === 'https:';
    const first = proxy === undefined ? url : new URL(proxy.url);
    // A socket that is made over another one cannot read as it is told.
    const isDirect = proxy === undefined || (first.protocol !== 'https:' && !isTls);
    let current: Dial = { cancel: () => {} };
    let isOver = false;
    const handshake = isTls || first.protocol === 'https:' ? this.#handshakes.begin() : undefined;
    const end = (error: Error | undefined, socket?: Socket) => {
      if (isOver) return;
      isOver = true;
      handshake?.end(socket !== undefined);
      done(error, socket);
    };
    const endOver = (error: Error | undefined, socket?: Socket) => {
      if (onread !== undefined) socket?.on('data', (bytes: Buffer) => onread.callback(bytes.length, bytes));
      end(error, socket);
    };
    const toTarget = (socket: Socket) => {
      if (!isTls) (isDirect ? end : endOver)(undefined, socket);
      else if (isDirect) current = this.#secured(socket as TLSSocket, end);
      else current = this.#secured(this.#secure(url, { socket }), endOver);
    };
    const toProxy = (socket: Socket) => {
      if (!isTls || proxy === undefined) toTarget(socket);
      else {
        current = { cancel: () => socket.destroy() };
        openTunnel(socket, originOf(url), proxy, (error) => {
          if (error === undefined) toTarget(socket);
          else {
            socket.on('error', () => {}).destroy();
            end(error);
          }
        });
      }
    };
    const onConnect = (error: Error | undefined, socket?: Socket) => {
      if (isOver) return;
      if (socket === undefined) end(error);
      else if (proxy === undefined) toTarget(socket);
      else if (first.protocol !== 'https:') toProxy(socket);
      else {
        current = this.#secured(this.#secure(first, { socket }), (fault, over) =>
          over === undefined ? end(fault) : toProxy(over),
        );
      }
    };
    const connect = (address: LookupAddress, tries: number) => {
      const localPort = own || tries > 0 ? nextPort?.() : undefined;
      const options = { noDelay: true, ...(isDirect && onread !== undefined ? { onread } : {}) };
      const to = { host: address.address, port: portOf(first), ...defined({ localPort }) };
      if (isDirect && isTls) return this.#secure(url, { ...options, ...to });
      const socket = new Socket(options as SocketConstructorOpts);
      return socket.connect(address.family === 0 ? { path: address.address } : to);
    };
    current = this.#race(connect, onConnect);
    return {
      cancel: () => {
        isOver = true;
        handshake?.end(false);
        current.cancel();
      },
    };
  }

  #race(connect: (address: LookupAddress, tries: number) => Socket, done: OnDialed): Dial {
    const { addresses, failure } = this.#resolved;
    if (addresses.length === 0) {
      this.#lookUpAgain();
      const timer = setImmediate(() => done(failure));
      return { cancel: () => clearImmediate(timer) };
    }
    const race = new Race({
      addresses,
      first: this.#best,
      connect,
      done: (error, socket, place) => {
        this.#races.delete(race);
        if (place === undefined) this.#lookUpAgain();
        else if (addresses === this.#resolved.addresses && place !== this.#best) {
          this.#best = place;
          for (const other of this.#races) other.hurry(place);
        }
        done(error, socket);
      },
    });
    this.#races.add(race);
    return {
      cancel: () => {
        // Given up before any address had taken it.
        if (this.#races.delete(race)) this.#lookUpAgain();
        race.cancel();
      },
    };
  }

  #lookUpAgain(): void {
    if (performance.now() - this.#lookedUp < LOOKUP_PAUSE_MS) return;
    this.#lookedUp = performance.now();
    void addressesOf(this.#to, this.#resolve).then((found) => {
      const isSame = String(found.addresses.map(textOf)) === String(this.#resolved.addresses.map(textOf));
      if (isSame || found.addresses.length === 0) return;
      this.#resolved = found;
      this.#best = 0;
      this.#races.clear();
    });
  }

  /** @param over the socket below, or where to connect */
  #secure({ host, hostname }: URL, over: ConnectionOptions): TLSSocket {
    const { ca } = this.#to;
    this.#context ??= createSecureContext(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] });
    const name = bare(hostname);
    const socket = connectTls({
      ...{ servername: isIP(name) === 0 ? name : '', host: name, ...over },
      ...{ ALPNProtocols: ['http/1.1'], secureContext: this.#context },
      ...defined({ session: this.#sessions.get(host) }),
    });
    over.socket?.on('error', () => {});
    return socket.on('session', (session) => this.#sessions.set(host, session));
  }

  /** Waits for the end of the handshake. */
  #secured(socket: TLSSocket, done: OnDialed): Dial {
    const failed = (error: Error) => {
      socket.destroy();
      done(error);
    };
    socket.once('error', failed);
    socket.once('secureConnect', () => {
      socket.off('error', failed);
      done(undefined, socket);
    });
    const cancel = () =>
      void socket
        .off('error', failed)
        .on('error', () => {})
        .destroy();
    return { cancel };
  }
}

async function addressesOf({ url, proxy }: Destination, resolve: Resolve): Promise<Resolved> {
  const file = socketOf(url);
  if (file !== undefined) return { addresses: [{ address: file, family: 0 }], failure: undefined };
  const found = await resolve(bare((proxy === undefined ? url : new URL(proxy.url)).hostname));
  return { ...found, addresses: interleaved(found.addresses) };
}

function textOf({ address }: LookupAddress): string {
  return address;
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

function originOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}
