import type { PeerCertificate } from 'node:tls';
import { hasCode, reasonOf } from '../../errors.ts';
import { socketOf } from '../dial/unix-target.ts';
import { printable } from './excerpt.ts';

/** Why no HTTP answer came. */
export interface TransportFailure {
  readonly code: keyof typeof REMEDY | 'certificate';
  /** A sentence that names the address. */
  readonly reason: string;
  readonly remedy: string;
}

const REMEDY = {
  refused: 'check that the server runs, and that host and port are right',
  dns: 'check the spelling of the host name, or give its address',
  unreachable: 'check the address, the route and the firewall between here and there',
  tls: 'where it speaks plain HTTP, as the services of a chain do, use http://; else give the port of what terminates TLS',
  timeout: 'check firewall and load, or allow more time with --timeout',
  closed: 'check the log of the server: it ended the connection without an answer',
  protocol: 'something else than such a server listens there: check host and port',
  proxy: 'check the proxy that the environment names, or ask the target directly: NO_PROXY=HOST chainctl ...',
  http2: 'give the address of something in front of it that speaks HTTP/1.1: requests are HTTP/1.1',
  other: 'check the address',
};

/** Of a look that has so much time whatever was asked for. */
const FIXED_TIMEOUT = 'check address, firewall and load: this has no more time, whatever --timeout gives to requests';

/** What a server that waits for a TLS handshake does with a request of plain HTTP: it closes, or answers with an alert. */
const MAY_BE_TLS: readonly (keyof typeof REMEDY)[] = ['closed', 'protocol'];

/** No connection came about. */
const UNCONNECTED: readonly (keyof typeof REMEDY)[] = ['refused', 'dns', 'unreachable'];

/** The codes and the names of what undici or the system throws; the first that matches counts. */
const KINDS: readonly (readonly [RegExp, keyof typeof REMEDY])[] = [
  [/^(ECONNREFUSED|ENOENT)$/, 'refused'],
  [/^proxy-/, 'proxy'],
  [/^(ERR_SSL_.*NO_APPLICATION_PROTOCOL|http2-only)$/, 'http2'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'dns'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/, 'unreachable'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|TimeoutError)$/, 'timeout'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'closed'],
  [/^(ERR_(TLS|SSL)|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO)/, 'tls'],
  [/^(HPE_|HTTPParserError$)/, 'protocol'],
];

/**
 * Turns whatever undici or the system threw into a sentence with a next step. The one place that knows their codes.
 *
 * @param isFixed the time is not the operator's
 * @param proxy through which it went: what cannot be connected with is the proxy then
 */
export function describeTransport(
  error: unknown,
  url: string,
  timeoutMs: number,
  isFixed = false,
  proxy?: string,
): TransportFailure {
  const { protocol } = new URL(url);
  const host = nameOf(new URL(url));
  const first = firstOf(error);
  const certificate = certificateFault(first);
  if (certificate !== undefined) {
    const [fault, remedy] = certificate;
    return { code: 'certificate', reason: `the certificate of ${host} ${fault}`, remedy };
  }
  const { code = '', name = '' } = first instanceof Error ? (first as NodeJS.ErrnoException) : {};
  const known = KINDS.find(([names]) => names.test(String(code)) || names.test(name));
  const kind = known?.[1] ?? 'other';
  const noConnection = code === 'UND_ERR_CONNECT_TIMEOUT';
  const reasons: typeof REMEDY = {
    refused: `nothing listens at ${host} (connection refused)`,
    dns: `the name in ${host} cannot be resolved`,
    unreachable: `${host} cannot be reached from here`,
    tls: `no TLS connection with ${host}: ${tlsReason(error)}`,
    timeout: noConnection ? `${host}: ${reasonOf(first)}` : `no answer from ${host} within ${timeoutMs / 1000} s`,
    closed: `${host} closed the connection before it answered`,
    protocol: `${host} does not answer in HTTP/1.1`,
    proxy: reasonOf(error),
    http2: `${host} offers no HTTP/1.1, only HTTP/2 or something else`,
    other: `request to ${host} failed: ${reasonOf(error)}`,
  };
  if (proxy !== undefined && UNCONNECTED.includes(kind)) {
    const reason = `the proxy ${proxy} cannot be reached (to ${host}): ${reasonOf(first)}`;
    return { code: 'proxy', reason, remedy: REMEDY.proxy };
  }
  const remedy = kind === 'timeout' && (isFixed || noConnection) ? FIXED_TIMEOUT : REMEDY[kind];
  const isPlain = protocol === 'http:' && MAY_BE_TLS.includes(kind);
  return {
    code: kind,
    reason: reasons[kind],
    remedy: isPlain ? `${remedy}; where it speaks TLS, use https://` : remedy,
  };
}

/** The address as a reader knows it. */
function nameOf(url: URL): string {
  return socketOf(url) ?? url.host;
}

/** OpenSSL's reason without its numbers, library and source file: `wrong version number` is plain HTTP, mostly. */
export function tlsReason(error: unknown): string {
  const text = reasonOf(error).trim();
  const reason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/i.exec(text)?.[1] ?? text;
  return reason === 'wrong version number' ? 'what listens there speaks no TLS (wrong version number)' : reason;
}

/** Of the addresses of a name, each with its own failure, the first. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstOf(error.errors[0]) : error;
}

const TRUST =
  'if that is right, name the file of its authority: --ca-file ca.pem of load, quick, smoke and scale-watch, or NODE_EXTRA_CA_CERTS=ca.pem ' +
  '(NODE_USE_SYSTEM_CA=1 for those that this machine trusts)';
const RENEW = "renew it on what terminates TLS, and see that this machine's clock is right";
const UNKNOWN = 'comes from an authority that is not known here';

/** The fault goes behind "the certificate of HOST". */
type CertificateFault = readonly [fault: string, remedy: string];

/** OpenSSL's names as Node passes them on, see `X509_verify_cert_error_string(3)`. */
const CERTIFICATE_FAULTS: Readonly<Record<string, CertificateFault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['is signed by itself, and nothing here trusts it', TRUST],
  SELF_SIGNED_CERT_IN_CHAIN: ['comes from an authority that nothing here trusts', TRUST],
  UNABLE_TO_GET_ISSUER_CERT: [UNKNOWN, TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [UNKNOWN, TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [`${UNKNOWN}, or the server does not send the whole chain`, TRUST],
  CERT_HAS_EXPIRED: ['has expired', RENEW],
  CERT_NOT_YET_VALID: ['is not valid yet', RENEW],
  CERT_REVOKED: ['has been revoked', 'get a new one for what terminates TLS'],
  CERT_UNTRUSTED: ['is marked as not to be trusted', TRUST],
};

/** Names of a certificate that are shown; some have hundreds. */
const MAX_NAMES = 5;

/** Tells whether a failed connection was the certificate's fault; undefined when it was something else. */
export function certificateFault(error: unknown): CertificateFault | undefined {
  if (hasCode(error, 'ERR_TLS_CERT_ALTNAME_INVALID')) return otherNames(error as Error);
  const { code = '' } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  return CERTIFICATE_FAULTS[code];
}

function otherNames(error: Error): CertificateFault {
  const { subjectaltname, subject } = ('cert' in error ? error.cert : {}) as Partial<PeerCertificate>;
  const names = (subjectaltname ?? [subject?.CN ?? ''].flat().join(', '))
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const shown = names.slice(0, MAX_NAMES).map((name) => printable(name).slice(0, 80));
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const what = shown.join('') === '' ? 'another name' : `${shown.join(', ')}${more}`;
  const step = 'write the name that the certificate has, or put one for this name on what terminates TLS';
  return [`is not for that name, but for ${what}`, step];
}
