import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { defined } from '../defined.ts';
import { Agents, type AgentTerms } from '../dial/agents.ts';
import { USER_AGENT } from '../user-agent.ts';
import { parseJson } from '../words.ts';
import { decodedText } from './decoded.ts';
import { excerpt } from './excerpt.ts';
import { isNotUnderstood, type ReadGenerously } from './generous.ts';
import { saidBy } from './said.ts';
import { describeDeviation, problem } from './schemas.ts';
import type { TokenOf } from './token.ts';
import { describeTransport, type TransportFailure } from './transport.ts';

/** The text of larger answers is cut off, and counts as malformed: a broken service must not fill our memory. */
export const MAX_BODY_BYTES = 1 << 20;

interface Timed {
  /** From the call to the last byte. */
  readonly seconds: number;
}

/** No HTTP answer came. */
export interface Transport extends Timed, TransportFailure {
  readonly kind: 'transport';
}

/** Any HTTP answer, as it came. */
export interface RawAnswer extends Timed {
  readonly kind: 'raw';
  readonly status: number;
  readonly text: string;
  /** The engine behind it said that it is the simulated one. */
  readonly simulated: boolean;
  /** Where it sends the caller instead, as the answer's header has it; it is not followed. */
  readonly location?: string | undefined;
}

/** What a typed call came to: the promised answer, a status other than 200, something else than promised, or nothing. */
export type Reply<T> =
  | ({ readonly kind: 'answer'; readonly status: 200; readonly body: T } & Timed)
  | ({ readonly kind: 'refused'; readonly status: number; readonly detail: string } & Timed)
  | ({ readonly kind: 'malformed'; readonly status: number; readonly reason: string } & Timed)
  | Transport;

export interface RawRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: string;
  readonly timeoutMs?: number | undefined;
  /** Ends this request alone; the client's own signal does it, too. */
  readonly signal?: AbortSignal;
  /** Another token than the client's own, or none. */
  readonly token?: string | 'none';
  /** By lower-case names; they replace the client's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Told of each piece of the body as it comes. */
  readonly onRead?: ((bytes: Buffer) => void) | undefined;
  /** It is told of so many bytes at the most, also beyond {@link MAX_BODY_BYTES}, where the text is cut. */
  readonly maxReadBytes?: number | undefined;
}

export interface ChainClient {
  /** Asks for `/health` of a service, without a token. */
  health<T>(promised: z.ZodType<T>, base: string, timeoutMs?: number): Promise<Reply<T>>;
  /** Sends a prompt. */
  send<T>(promised: z.ZodType<T>, url: string, prompt: string): Promise<Reply<T>>;
  /** One request, for a JSON answer of this form. */
  ask<T>(promised: z.ZodType<T>, request: RawRequest): Promise<Reply<T>>;
  /** One request as it stands, for what a typed call would never send. */
  raw(request: RawRequest): Promise<RawAnswer | Transport>;
  /** Whether requests to this address carry a token. */
  sendsToken(url: string): boolean;
  /** Drops the kept connections. */
  close(): Promise<void>;
}

interface ChainClientOptions extends AgentTerms {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** For one whole exchange, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The bearer token of each address; none by default. `/health` needs none and gets none. */
  readonly tokenOf?: TokenOf;
  /** Reads what is no HTTP to the usual client; such an address is asked once more, and then always so. */
  readonly generous?: ReadGenerously;
}

/**
 * A typed client of services over kept connections. What the network or a service does wrong comes back as data; the
 * calls reject only with the signal's reason, when it is aborted.
 */
export function createChainClient(options: ChainClientOptions): ChainClient {
  const { clock, tokenOf = () => undefined } = options;
  const agents = new Agents(options);
  const odd = new Set<string>();

  async function raw(outgoing: RawRequest): Promise<RawAnswer | Transport> {
    const { url, method, body, timeoutMs = options.timeoutMs } = outgoing;
    const signal = outgoing.signal === undefined ? options.signal : AbortSignal.any([options.signal, outgoing.signal]);
    const token = outgoing.token === 'none' ? undefined : (outgoing.token ?? tokenOf(url));
    signal.throwIfAborted();
    const { dispatcher, origin, path, headers } = agents.wayTo(url);
    const started = clock.monotonic();
    const seconds = () => (clock.monotonic() - started) / 1000;
    const bound = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const all = {
      ...{ 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...headers },
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...outgoing.headers,
    };
    const { generous } = options;
    const readOddly = async (read: ReadGenerously): Promise<RawAnswer> => {
      const lines = Object.entries({ host: new URL(origin).host, ...all, connection: 'close' });
      const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
      const kept: Buffer[] = [];
      let size = 0;
      const onText = (bytes: Buffer) => {
        outgoing.onRead?.(bytes);
        if (size < MAX_BODY_BYTES) kept.push(bytes);
        size += bytes.length;
      };
      const way = defined({ proxy: options.proxyOf?.(url), ca: options.ca, body });
      const came = await read({ url, head, signal: bound, onText, ...way });
      const text = Buffer.concat(kept).subarray(0, MAX_BODY_BYTES).toString();
      return { kind: 'raw', ...came, text, simulated: false, seconds: seconds() };
    };
    try {
      if (generous !== undefined && odd.has(origin)) return await readOddly(generous);
      const response = await dispatcher.request({
        ...{ origin, path, method },
        body: body ?? null,
        signal: bound,
        headers: all,
      });
      const proxy = options.proxyOf?.(url);
      if (proxy !== undefined && response.statusCode === PROXY_ASKS) throw refusedBy(proxy.url);
      const [coding] = [response.headers['content-encoding']].flat();
      const text = decodedText(
        await readBounded(response.body, MAX_BODY_BYTES, outgoing.onRead, outgoing.maxReadBytes),
        coding,
        MAX_BODY_BYTES,
      );
      const simulated = response.headers['x-chainctl-simulated'] === '1';
      const [location] = [response.headers.location].flat();
      const { statusCode: status } = response;
      return { kind: 'raw', status, text, simulated, location, seconds: seconds() };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (generous !== undefined && !odd.has(origin) && isNotUnderstood(error)) {
        const again = await readOddly(generous).catch(() => undefined);
        if (signal.aborted) throw signal.reason;
        if (again !== undefined) {
          odd.add(origin);
          return again;
        }
      }
      return {
        kind: 'transport',
        ...describeTransport(error, url, timeoutMs, timeoutMs !== options.timeoutMs, options.proxyOf?.(url)?.url),
        seconds: seconds(),
      };
    }
  }

  async function typed<T>(promised: z.ZodType<T>, outgoing: RawRequest): Promise<Reply<T>> {
    const came = await raw(outgoing);
    return came.kind === 'transport' ? came : interpret(promised, came);
  }

  return {
    raw,
    ask: typed,
    health: (promised, base, timeoutMs) =>
      typed(promised, { url: `${base}/health`, method: 'GET', token: 'none', timeoutMs }),
    send: (promised, url, prompt) => typed(promised, { url, method: 'POST', body: JSON.stringify({ prompt }) }),
    sendsToken: (url) => tokenOf(url) !== undefined,
    close: () => agents.close(),
  };
}

/** "Proxy Authentication Required": no target says so. */
const PROXY_ASKS = 407;

function refusedBy(proxy: string): Error {
  const why = `the proxy ${proxy} asks for a user name and password (status ${PROXY_ASKS}), or refuses those that were sent`;
  return Object.assign(new Error(why), { code: `proxy-${PROXY_ASKS}` });
}

function interpret<T>(schema: z.ZodType<T>, { status, text, seconds, simulated }: RawAnswer): Reply<T> {
  const body = parseJson(text);
  if (status !== 200) {
    const { data } = problem.safeParse(body);
    const detail = data?.detail ?? data?.reason ?? saidBy(text)?.words ?? excerpt(text);
    return { kind: 'refused', status, detail, seconds };
  }
  if (body === undefined) return { kind: 'malformed', status, reason: `not JSON: ${excerpt(text)}`, seconds };
  const parsed = schema.safeParse(simulated ? { simulated, ...(body as object) } : body);
  if (parsed.success) return { kind: 'answer', status, body: parsed.data, seconds };
  return { kind: 'malformed', status, reason: describeDeviation(parsed.error), seconds };
}

/** The `detail` of an answer, or undefined where there is none. */
export function detailOf(text: string): string | undefined {
  return problem.safeParse(parseJson(text)).data?.detail;
}

/**
 * Keeps so much of a body; the text is then cut, and no longer JSON.
 *
 * @param maxReadBytes where it stops reading; default: as soon as it has what it keeps
 */
export async function readBounded(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  onRead?: (bytes: Buffer) => void,
  maxReadBytes = maxBytes,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    onRead?.(chunk);
    if (size < maxBytes) chunks.push(chunk);
    size += chunk.length;
    if (size > maxReadBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
