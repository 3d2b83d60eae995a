import { ApiError, LateError } from './errors.ts';

/** Something that goes wrong, for the next `times` calls that match. */
export interface GcpFault {
  /** `instances.insert`, `regionInstanceGroupManagers.resize`, `globalAddresses.delete`; every call when left out. */
  readonly action?: string;
  /** What the called path must contain. */
  readonly path?: string;
  /** Once when left out. */
  readonly times?: number;
  /** How many matching calls go well before. */
  readonly after?: number;
  /**
   * - `error`: refused with `status` (503) and `reason`, and nothing has happened
   * - `reset-before`: the connection breaks, and nothing has happened
   * - `reset-after`: the connection breaks after the call has taken effect
   * - `delay`: `ms` later than usual
   * - `expired-credentials`: 401, as with a token that has run out
   * - `operation-error`: accepted, and the operation fails with `code` and `message`
   */
  readonly kind: 'error' | 'reset-before' | 'reset-after' | 'delay' | 'expired-credentials' | 'operation-error';
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Of an operation's error: `QUOTA_EXCEEDED`, `RESOURCE_NOT_FOUND`, ... */
  readonly code?: string;
  readonly ms?: number;
}

const REASONS: Readonly<Record<number, readonly [string, string]>> = {
  400: ['invalid', 'Invalid request.'],
  403: ['forbidden', 'Permission denied.'],
  404: ['notFound', 'Not Found'],
  409: ['alreadyExists', 'The resource already exists'],
  412: ['conditionNotMet', 'Invalid fingerprint.'],
  429: ['rateLimitExceeded', 'Rate Limit Exceeded'],
  500: ['internalError', 'Internal error. Please try again or contact Google Support.'],
  502: ['backendError', 'Bad Gateway'],
  503: ['backendError', 'Service is unavailable at this time.'],
};

/** What a fault refuses a call with, `undefined` for one that does not. */
export function refusalOf(fault: GcpFault | undefined): ApiError | undefined {
  if (fault?.kind === 'expired-credentials') {
    const message =
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';
    return new ApiError(401, 'authError', message);
  }
  if (fault?.kind !== 'error') return undefined;
  const status = fault.status ?? 503;
  const [reason, message] = REASONS[status] ?? ['backendError', 'Backend Error'];
  return new ApiError(status, fault.reason ?? reason, fault.message ?? message);
}

/** What a fault makes an operation fail with. */
export function failureOf(fault: GcpFault | undefined): LateError | undefined {
  if (fault?.kind !== 'operation-error') return undefined;
  const code = fault.code ?? 'INTERNAL_ERROR';
  const message =
    fault.message ?? "Internal error. Please try again or contact Google Support. (Code: '-7391738226529345')";
  return new LateError(code, message, fault.status ?? (code === 'INTERNAL_ERROR' ? 500 : 400));
}

/** `globalAddresses.insert` as `addresses.insert`: there are no others here. */
function unqualified(action: string): string {
  return action.replace(
    /^global(Addresses|ForwardingRules)/,
    (_all, name: string) => name[0]?.toLowerCase() + name.slice(1),
  );
}

/** The faults that are still to come. */
export class GcpFaults {
  #pending: { fault: GcpFault; after: number; times: number }[] = [];

  add(fault: GcpFault): void {
    this.#pending.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#pending = [];
  }

  /** Faults that no call has met. */
  get left(): number {
    return this.#pending.length;
  }

  /** Takes the first fault for a call. */
  take(action: string, path: string, changes: boolean): GcpFault | undefined {
    for (const pending of this.#pending) {
      const { fault } = pending;
      if (fault.action !== undefined && fault.action !== action && fault.action !== unqualified(action)) continue;
      if (fault.path !== undefined && !path.includes(fault.path)) continue;
      if (fault.kind === 'operation-error' && !changes) continue;
      if (pending.after > 0) {
        pending.after -= 1;
        continue;
      }
      pending.times -= 1;
      if (pending.times === 0) this.#pending = this.#pending.filter((each) => each !== pending);
      return fault;
    }
    return undefined;
  }
}
