import * as http from 'node:http';
import * as https from 'node:https';
import { Broken, Fatal, plain } from './faults.ts';
import { shownUrl } from './settings.ts';

/** The head of an answer, and its body as it comes: nothing more is read than is taken from it. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  /** Gives the connection up. */
  close(): void;
}

/** Sends one GET request. The only thing here that touches the network. */
export type Send = (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;

/** Answers on the way to a file, the last one with its body. */
export interface Found {
  readonly answer: Answer;
  /** Where the last answer came from. */
  readonly url: URL;
  /** Heads of all answers, the first one first. */
  readonly heads: readonly http.IncomingHttpHeaders[];
}

const REDIRECTS = 5;

/** A certificate that is wrong now is wrong in a minute. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME/;

/** Sends by Node's own client: it streams, and knows nothing of redirects, encodings and caches. */
export const sendByNode: Send = (url, headers, signal) =>
  new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    // One connection for each request: what is left on one belongs to nobody.
    const asked = request(url, { headers, signal, agent: false }, (incoming) => {
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: incoming,
        close: () => void incoming.destroy(),
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => reject(networkFault(url, error)));
    asked.end();
  });

/** @returns what is wrong, without credentials */
export function networkFault(url: URL, error: NodeJS.ErrnoException): Broken | Fatal {
  const { code = '', message } = error;
  const why = plain(message === '' ? code : message);
  if (CERTIFICATE.test(code)) return new Fatal(`the certificate of ${url.host} is not accepted: ${why}`);
  return new Broken(`${url.host}: ${why}`);
}

/**
 * Asks for a file, through redirects.
 *
 * @throws Fatal for too many redirects, one that leads from https to http, or a status that another attempt does not change
 * @throws Broken for a connection that fails, 5xx, 429, 408
 */
export async function find(
  start: URL,
  headers: Readonly<Record<string, string>>,
  send: Send,
  signal: AbortSignal,
): Promise<Found> {
  const heads: http.IncomingHttpHeaders[] = [];
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const answer = await send(withoutCredentials(url), { ...headers, ...credentials(url) }, signal);
    heads.push(answer.headers);
    const { status } = answer;
    if (status === 200 || status === 206 || status === 416) return { answer, url, heads };
    answer.close();
    const where = shownUrl(url);
    if (status >= 500 || status === 429 || status === 408) {
      throw new Broken(`${where} answers ${status}`, seconds(answer.headers['retry-after']));
    }
    if (![301, 302, 303, 307, 308].includes(status)) throw new Fatal(refusal(where, status));
    if (redirects === REDIRECTS) throw new Fatal(`${shownUrl(start)} redirects more than ${REDIRECTS} times`);
    url = target(url, answer.headers.location);
  }
}

function refusal(where: string, status: number): string {
  if (status === 401 || status === 403)
    return `${where} answers ${status}: it does not let us in; is MODEL_URL public?`;
  if (status === 404 || status === 410) return `${where} answers ${status}: there is no such file; check MODEL_URL`;
  return `${where} answers ${status}`;
}

function target(from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : URL.parse(location, from);
  const where = shownUrl(from);
  if (to === null) throw new Fatal(`${where} redirects to nowhere: it names no address`);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new Fatal(`${where} redirects to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new Fatal(`${where} redirects from https to http, where anybody could exchange the file: ${shownUrl(to)}`);
  }
  // They are for the server that was named, and for no other.
  if (to.origin === from.origin && to.username === '' && to.password === '') {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const text = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** Seconds of a `retry-after`, at most a minute; a date is left out. */
function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Math.min(60, Number(text)) : undefined;
}
