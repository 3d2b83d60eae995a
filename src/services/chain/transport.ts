import { hasCode, reasonOf } from '../../errors.ts';
import { certificateFault } from './certificate.ts';

/** Why no HTTP answer came. */
export type TransportCode =
  | 'refused'
  | 'dns'
  | 'unreachable'
  | 'certificate'
  | 'tls'
  | 'timeout'
  | 'closed'
  | 'protocol'
  | 'other';

export interface TransportFailure {
  readonly code: TransportCode;
  /** A sentence that names the address. */
  readonly reason: string;
  readonly remedy: string;
}

const REMEDY: Readonly<Record<Exclude<TransportCode, 'certificate'>, string>> = {
  refused: 'check that the service runs and that the port is right ("chainctl status" shows both)',
  dns: 'check the spelling of the host name, or use the address that "chainctl status" shows',
  unreachable: 'check the address, the route and the firewall between here and there',
  tls: 'the services themselves speak plain HTTP: use http://, or the port of what terminates TLS in front of them',
  timeout: 'check firewall and load, or allow more time with --timeout',
  closed: 'check the log of the service: it ended the connection without an answer',
  protocol: 'something else than this service listens there: check host and port',
  other: 'check the address',
};

/** Turns whatever undici or the system threw into a sentence with a next step. The one place that knows their codes. */
export function describeTransport(error: unknown, url: string, timeoutMs: number): TransportFailure {
  const { host } = new URL(url);
  const certificate = certificateFault(firstOf(error));
  if (certificate !== undefined) {
    const { fault, remedy } = certificate;
    return { code: 'certificate', reason: `the certificate of ${host} ${fault}`, remedy };
  }
  const code = classify(firstOf(error));
  const reasons: typeof REMEDY = {
    refused: `nothing listens at ${host} (connection refused)`,
    dns: `the name in ${host} cannot be resolved`,
    unreachable: `${host} cannot be reached from here`,
    tls: `no TLS connection with ${host}: ${tlsReason(error)}`,
    timeout: `no answer from ${host} within ${timeoutMs / 1000} s`,
    closed: `${host} closed the connection before it answered`,
    protocol: `${host} does not answer in HTTP`,
    other: `request to ${host} failed: ${reasonOf(error)}`,
  };
  return { code, reason: reasons[code], remedy: REMEDY[code] };
}

/** OpenSSL's reason without its numbers, library and source file: `wrong version number` is plain HTTP, mostly. */
function tlsReason(error: unknown): string {
  const text = reasonOf(error).trim();
  const reason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/i.exec(text)?.[1] ?? text;
  return reason === 'wrong version number' ? 'what listens there speaks no TLS (wrong version number)' : reason;
}

/** Of the addresses of a name, each with its own failure, the first. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstOf(error.errors[0]) : error;
}

function classify(error: unknown): keyof typeof REMEDY {
  if (hasCode(error, 'ECONNREFUSED')) return 'refused';
  if (hasCode(error, 'ENOTFOUND', 'EAI_AGAIN')) return 'dns';
  if (hasCode(error, 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL')) return 'unreachable';
  if (hasCode(error, 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT')) {
    return 'timeout';
  }
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  if (hasCode(error, 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET')) return 'closed';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(ERR_(TLS|SSL)|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code)) return 'tls';
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError')) return 'protocol';
  return 'other';
}
