import type { PeerCertificate } from 'node:tls';
import { printable } from './excerpt.ts';

/** What is wrong with a server's certificate, and what the reader can do about it. */
export interface CertificateFault {
  /** Goes behind "the certificate of HOST". */
  readonly fault: string;
  readonly remedy: string;
}

const TRUST =
  'if that is right, name the file of its authority: NODE_EXTRA_CA_CERTS=ca.pem chainctl ... ' +
  '(NODE_USE_SYSTEM_CA=1 for those that this machine trusts)';
const RENEW = "renew it on what terminates TLS, and see that this machine's clock is right";

/** OpenSSL's names as Node passes them on, see `X509_verify_cert_error_string(3)`. */
const FAULTS: Readonly<Record<string, CertificateFault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: { fault: 'is signed by itself, and nothing here trusts it', remedy: TRUST },
  SELF_SIGNED_CERT_IN_CHAIN: { fault: 'comes from an authority that nothing here trusts', remedy: TRUST },
  UNABLE_TO_GET_ISSUER_CERT: { fault: 'comes from an authority that is not known here', remedy: TRUST },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { fault: 'comes from an authority that is not known here', remedy: TRUST },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    fault: 'comes from an authority that is not known here, or the server does not send the whole chain',
    remedy: TRUST,
  },
  CERT_HAS_EXPIRED: { fault: 'has expired', remedy: RENEW },
  CERT_NOT_YET_VALID: { fault: 'is not valid yet', remedy: RENEW },
  CERT_REVOKED: { fault: 'has been revoked', remedy: 'get a new one for what terminates TLS' },
  CERT_UNTRUSTED: { fault: 'is marked as not to be trusted', remedy: TRUST },
};

/** Names of a certificate that are shown; some have hundreds. */
const MAX_NAMES = 5;

/**
 * Tells whether a failed connection was the certificate's fault.
 *
 * @returns undefined when it was something else
 */
export function certificateFault(error: unknown): CertificateFault | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherNames(error);
  return FAULTS[String(error.code)];
}

function otherNames(error: Error): CertificateFault {
  const { subjectaltname, subject } = ('cert' in error ? error.cert : {}) as Partial<PeerCertificate>;
  const names = (subjectaltname ?? [subject?.CN ?? ''].flat().join(', '))
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const shown = names.slice(0, MAX_NAMES).map((name) => printable(name).slice(0, 80));
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const what = shown.join('') === '' ? 'another name' : `${shown.join(', ')}${more}`;
  return {
    fault: `is not for that name, but for ${what}`,
    remedy: 'write the name that the certificate has, or put one for this name on what terminates TLS',
  };
}
