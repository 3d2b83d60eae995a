import { CONTINUE, ExitCode, RemedyError, reasonOf, remedy } from '../../../errors.ts';
import type { Operation } from './compute-calls.ts';

/** Where something went wrong: for the sentence that says so. */
export interface CallSite {
  /** The API's name of the call, e.g. `instances.insert`. */
  readonly call: string;
  readonly project: string;
}

/** A fault in the API's own words. */
export interface Fault {
  /** `notFound`, `quotaExceeded`, `ZONE_RESOURCE_POOL_EXHAUSTED`, or a system's code. */
  readonly reason: string;
  readonly message: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
}

/** What Compute Engine answered, with its own reason beside the remedy, so that resources can tell what it means. */
export class GcpError extends RemedyError {
  readonly reason: string;

  constructor(message: string, reason: string, options: ConstructorParameters<typeof RemedyError>[1]) {
    super(message, options);
    this.name = 'GcpError';
    this.reason = reason;
  }
}

/** Whether Compute Engine answered with one of these reasons; a call's `notFound` and an operation's are the same. */
export function isGcp(error: unknown, ...reasons: readonly string[]): boolean {
  return error instanceof GcpError && reasons.includes(error.reason);
}

/** What is refused at one look though it was answered before (a proxy's page, a group in between) may pass, unless the group is gone. */
export function passing(error: unknown): unknown {
  if (!(error instanceof GcpError) || error.code !== 'gcp-refused' || error.reason === 'notFound') return error;
  const { message, reason, code, nextSteps, cause } = error;
  return new GcpError(message, reason, { code, exit: ExitCode.unhealthy, nextSteps, cause });
}

/** An operation shouts what a call says. */
const SAME: Readonly<Record<string, string>> = {
  RESOURCE_NOT_FOUND: 'notFound',
  RESOURCE_ALREADY_EXISTS: 'alreadyExists',
  RESOURCE_IN_USE_BY_ANOTHER_RESOURCE: 'resourceInUseByAnotherResource',
  RESOURCE_NOT_READY: 'resourceNotReady',
  CONDITION_NOT_MET: 'conditionNotMet',
  INVALID_FIELD_VALUE: 'invalid',
  PERMISSIONS_ERROR: 'forbidden',
  SERVICE_DISABLED: 'accessNotConfigured',
};

const QUOTA = /^(QUOTA_EXCEEDED|QUOTA_LIMIT_EXCEEDED|quotaExceeded|limitExceeded)$/;
const STOCK_OUT =
  /^((ZONE_|REGION_)?RESOURCE_POOL_EXHAUSTED(_WITH_DETAILS)?|STOCKOUT|UNSUPPORTED_OPERATION_STOCKOUT)$/i;
/** Too many calls: room is made again within a minute (cloud.google.com/compute/api-quota). */
const RATE_LIMITED = [
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'RATE_LIMIT_EXCEEDED',
  'RESOURCE_OPERATION_RATE_EXCEEDED',
  'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
];
const BUSY = [...RATE_LIMITED, 'backendError', 'internalError', 'operationInProgress'];
/** Details of an answer that say more than its reason, which is `forbidden` or less. */
const TELLING = [...RATE_LIMITED, 'SERVICE_DISABLED', 'BILLING_DISABLED'];
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ERR_STREAM_PREMATURE_CLOSE|DEADLINE_EXCEEDED|UNAVAILABLE)$/;

/** Whether the zone has no machines left of the kind that was asked for. */
export function isStockOut(reason: string): boolean {
  return STOCK_OUT.test(reason);
}

/** Whether a quota of the project is used up. */
export function isQuota(reason: string): boolean {
  return QUOTA.test(reason);
}

interface Thrown extends Error {
  readonly code?: unknown;
  readonly httpStatusCode?: unknown;
}

/** gRPC numbers of the two failures in which no answer came. */
const NO_ANSWER: Readonly<Record<number, string>> = { 4: 'DEADLINE_EXCEEDED', 14: 'UNAVAILABLE' };

/** Reads what the library throws: the reason is in the body of the answer, which it keeps under a symbol. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { reason: 'unknown', message: String(error) };
  const { code, httpStatusCode } = error as Thrown;
  const status = typeof httpStatusCode === 'number' ? httpStatusCode : undefined;
  const body = bodyOf(error);
  const [first] = body?.errors ?? [];
  const details = (body?.details ?? []).flatMap(({ reason }) => (typeof reason === 'string' ? [reason] : []));
  const telling = details.find((each) => TELLING.includes(each));
  const said = first?.message ?? body?.message ?? reasonOf(error);
  const named = telling ?? first?.reason ?? details[0] ?? body?.status;
  if (named !== undefined) return { reason: SAME[named] ?? named, message: said, status: status ?? body?.code };
  if (status !== undefined) return { reason: `http${status}`, message: said, status };
  const system = systemCode(error);
  return { reason: system ?? NO_ANSWER[Number(code)] ?? error.name, message: said };
}

interface ErrorBody {
  readonly code?: number;
  readonly message?: string;
  readonly status?: string;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
  readonly details?: readonly { readonly reason?: string }[];
}

function bodyOf(error: Error): ErrorBody | undefined {
  const raw = (error as unknown as Record<symbol, unknown>)[Symbol.for('google-gax.rawHttpResponsePayload')];
  try {
    const parsed = (typeof raw === 'string' ? JSON.parse(raw) : raw) as { error?: ErrorBody } | undefined;
    return typeof parsed?.error === 'object' ? parsed.error : undefined;
  } catch {
    return undefined;
  }
}

function systemCode(error: Error): string | undefined {
  const { code, cause } = error as Thrown;
  if (typeof code === 'string' && UNREACHABLE.test(code)) return code;
  return cause instanceof Error ? systemCode(cause) : undefined;
}

/** Whether a policy of the organization forbids it: that does not pass, whatever the reason says. */
export function isPolicy(message: string): boolean {
  return /\bconstraints\/[\w.]+/i.test(message);
}

/** Whether there were too many calls: the same one may succeed in the next minute. */
export function isRateLimited({ reason, status }: Fault): boolean {
  return RATE_LIMITED.includes(reason) || status === 429;
}

/** Whether the same call may succeed a moment later. */
export function isTransient({ reason, status }: Fault): boolean {
  if (BUSY.includes(reason)) return true;
  if (status !== undefined) return status === 429 || status >= 500;
  return UNREACHABLE.test(reason);
}

/**
 * The error of an operation that has ended badly; undefined for one that went well.
 *
 * @param operation one that is `DONE`
 */
export function operationError(operation: Operation, site: CallSite): GcpError | undefined {
  const { error, httpErrorMessage } = operation;
  const status = operation.httpErrorStatusCode || undefined;
  const said = httpErrorMessage || 'no reason given';
  const faults = (error?.errors ?? []).map(
    ({ code, message }): Fault => ({ reason: SAME[code ?? ''] ?? code ?? 'unknown', message: message || said, status }),
  );
  if (faults.length === 0 && (status ?? 0) >= 400) faults.push({ reason: `http${status}`, message: said, status });
  // A shortage is what a person can do something about.
  const fault = faults.find(({ reason }) => isQuota(reason) || isStockOut(reason)) ?? faults[0];
  return fault && faultError(fault, site);
}

/** Credentials that the library could not find. */
export function noCredentials(cause: unknown): RemedyError {
  return remedy.configuration(
    'gcp-no-credentials',
    `no Google Cloud credentials were found: ${reasonOf(cause)}`,
    [
      'sign in: gcloud auth application-default login',
      "or set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file",
    ],
    cause,
  );
}

/**
 * The one place that turns what went wrong into what a person can act on: credentials and permissions (exit 3), quotas and
 * shortages (4), an endpoint that does not answer or has trouble (5); anything else names the call (3).
 */
export function faultError({ reason, message, status }: Fault, { call, project }: CallSite, cause?: unknown): GcpError {
  const { configuration, capacity, unhealthy } = ExitCode;
  const make = (text: string, short: string, exit: RemedyError['exit'], nextSteps: readonly string[]) =>
    new GcpError(text, reason, { code: short, exit, nextSteps, cause });
  if (/invalid_grant|invalid_rapt|reauth/.test(message)) {
    return make(`the Google Cloud credentials have expired (${call}): ${message}`, 'gcp-expired', configuration, [
      `renew them (gcloud auth application-default login), then ${CONTINUE}`,
    ]);
  }
  if (status === 401 || reason === 'authError') {
    return make(`Google Cloud does not accept the credentials (${call}): ${message}`, 'gcp-invalid', configuration, [
      `renew them (gcloud auth application-default login), then ${CONTINUE}`,
      'or choose others with GOOGLE_APPLICATION_CREDENTIALS',
    ]);
  }
  if (reason === 'accessNotConfigured') {
    // It may be the project that credentials name for their quota.
    const text = `the Compute Engine API is not enabled in project ${project}, or not in that of the credentials: ${message}`;
    return make(text, 'gcp-api-disabled', configuration, [
      `enable it: gcloud services enable compute.googleapis.com --project ${project}`,
      'then wait a minute and run the command again',
    ]);
  }
  if (/billing/i.test(reason) || (status === 403 && /billing/i.test(message))) {
    return make(`project ${project} has no billing account: ${message}`, 'gcp-billing', configuration, [
      'link one in the Google Cloud console, or name another --project',
    ]);
  }
  if (isPolicy(message)) {
    const constraint = /constraints\/\w+(\.\w+)*/i.exec(message)?.[0];
    return make(`a policy of your organization forbids it (${call}): ${message}`, 'gcp-policy', configuration, [
      ...(/vmExternalIpAccess/i.test(message)
        ? ['give the region a Cloud NAT, so that VMs need no address of their own, and deploy with --no-bake']
        : []),
      `have ${constraint} changed for project ${project}, or name another --project`,
    ]);
  }
  if (isStockOut(reason)) {
    return make(`the zone has no machines of this kind left (${call}): ${message}`, 'gcp-stock-out', capacity, [
      'let the next zone be tried when one is sold out: --zones europe-west3-c,europe-west3-a,europe-west3-b',
      'or choose another --type, or run the command again in some minutes',
    ]);
  }
  if (isQuota(reason)) {
    return make(`${call} in project ${project} met a quota: ${message}`, 'gcp-quota', capacity, [
      'choose a smaller --max or a smaller --type, or --zones in another region',
      'remove what is not needed any more: chainctl gc gcp --dry-run shows it',
      'or ask for more: IAM & Admin, Quotas, in the Google Cloud console',
    ]);
  }
  if (status === 403 && !BUSY.includes(reason)) {
    const permission = /'(compute\.[\w.]+)'/.exec(message)?.[1] ?? call;
    const text = `these credentials may not do ${permission} in ${project}: ${message}`;
    return make(text, 'gcp-forbidden', configuration, [
      `have ${permission} added (docs/gcp.md has the whole role), or use other credentials`,
      'or name another project with --project',
    ]);
  }
  if (status === undefined && UNREACHABLE.test(reason)) {
    return make(`Compute Engine did not answer ${call}: ${message}`, 'gcp-unreachable', unhealthy, [
      'check the network, and CHAINCTL_GCP_ENDPOINT_URL if it is set',
      `then ${CONTINUE}`,
    ]);
  }
  if (BUSY.includes(reason) || status === 429 || (status ?? 0) >= 500) {
    return make(`Compute Engine failed at ${call}: ${message} (${reason})`, 'gcp-trouble', unhealthy, [CONTINUE]);
  }
  const [, name, kind] = /'([^']*)'\. Unknown (zone|region)/i.exec(message) ?? [];
  if (kind !== undefined) {
    return make(`Google Cloud has no ${kind} ${name} (${call}): ${message}`, 'gcp-no-zone', configuration, [
      'list the zones: gcloud compute zones list',
      'then choose with --zones',
    ]);
  }
  return make(`Compute Engine refused ${call} in ${project}: ${message} (${reason})`, 'gcp-refused', configuration, [
    'correct what the message names, then run the same command again',
  ]);
}
