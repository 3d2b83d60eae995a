/** Something that goes wrong, for the next `times` calls that match. */
export interface Fault {
  /** `RunInstances`; every call when left out. */
  readonly action?: string;
  /** Once when left out. */
  readonly times?: number;
  /** How many matching calls go well before. */
  readonly after?: number;
  /**
   * - `error`: EC2 answers with `code`, and nothing has happened
   * - `reset-before`: the connection breaks, and nothing has happened
   * - `reset-after`: the connection breaks after the call has taken effect
   * - `delay`: `ms` later than usual
   * - `expired-credentials`: `RequestExpired`, as from temporary credentials
   */
  readonly kind: 'error' | 'reset-before' | 'reset-after' | 'delay' | 'expired-credentials';
  readonly code?: string;
  readonly message?: string;
  readonly status?: number;
  readonly ms?: number;
}

const STATUS: Readonly<Record<string, number>> = {
  RequestLimitExceeded: 503,
  InternalError: 500,
  Unavailable: 503,
  InsufficientInstanceCapacity: 500,
  UnauthorizedOperation: 403,
  AuthFailure: 401,
};

const MESSAGES: Readonly<Record<string, string>> = {
  RequestLimitExceeded: 'Request limit exceeded.',
  InsufficientInstanceCapacity:
    'We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.',
  VcpuLimitExceeded:
    'You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to.',
  UnauthorizedOperation: 'You are not authorized to perform this operation.',
  AuthFailure: 'AWS was not able to validate the provided access credentials',
  AddressLimitExceeded: 'The maximum number of addresses has been reached.',
};

/** The error that a fault of kind `error` stands for. */
export function errorOf(fault: Fault): { status: number; code: string; message: string } {
  if (fault.kind === 'expired-credentials') {
    return { status: 400, code: 'RequestExpired', message: 'Request has expired.' };
  }
  const code = fault.code ?? 'InternalError';
  const message = fault.message ?? MESSAGES[code] ?? 'An internal error has occurred';
  return { status: fault.status ?? STATUS[code] ?? 400, code, message };
}

/** The faults that are still to come. */
export class Faults {
  #pending: { fault: Fault; after: number; times: number }[] = [];

  add(fault: Fault): void {
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
  take(action: string): Fault | undefined {
    for (const pending of this.#pending) {
      if (pending.fault.action !== undefined && pending.fault.action !== action) continue;
      if (pending.after > 0) {
        pending.after -= 1;
        continue;
      }
      pending.times -= 1;
      if (pending.times === 0) this.#pending = this.#pending.filter((each) => each !== pending);
      return pending.fault;
    }
    return undefined;
  }
}
