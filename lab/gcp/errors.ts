import type { Body } from './model.ts';

/** What a call is refused with, as Google words it. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly location: string | undefined;

  constructor(status: number, reason: string, message: string, location?: string) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.location = location;
  }

  /** The answer's body. */
  get body(): Body {
    const where = this.location === undefined ? {} : { location: this.location, locationType: 'header' };
    const first = {
      message: this.message,
      domain: this.reason === 'authError' ? 'global' : 'global',
      reason: this.reason,
    };
    const status = STATUS[this.status];
    return {
      error: {
        ...{ code: this.status, message: this.message, errors: [{ ...first, ...where }] },
        ...(status ? { status } : {}),
      },
    };
  }
}

/** Only some of Compute Engine's errors have a status beside the code. */
const STATUS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** What an accepted call fails with later, in its operation's `error`. */
export class LateError extends Error {
  readonly code: string;
  readonly httpStatus: number;
  readonly details: readonly Body[];

  constructor(code: string, message: string, httpStatus = 400, details: readonly Body[] = []) {
    super(message);
    this.code = code;
    this.httpStatus = httpStatus;
    this.details = details;
  }

  /** One entry of `error.errors[]`. */
  get entry() {
    const { code, message, details } = this;
    return { code, message, ...(details.length > 0 ? { errorDetails: [...details] } : {}) };
  }
}

export function notFound(path: string): ApiError {
  return new ApiError(404, 'notFound', `The resource '${path}' was not found`);
}

export function alreadyExists(path: string): ApiError {
  return new ApiError(409, 'alreadyExists', `The resource '${path}' already exists`);
}

export function notReady(path: string): ApiError {
  return new ApiError(400, 'resourceNotReady', `The resource '${path}' is not ready`);
}

export function inUse(noun: string, path: string, user: string): ApiError {
  const message = `The ${noun} resource '${path}' is already being used by '${user}'`;
  return new ApiError(400, 'resourceInUseByAnotherResource', message);
}

export function required(field: string): ApiError {
  return new ApiError(400, 'required', `Required field '${field}' not specified`);
}

export function invalid(field: string, value: unknown, why: string): ApiError {
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return new ApiError(400, 'invalid', `Invalid value for field '${field}': '${shown}'. ${why}`);
}

export function staleFingerprint(labels = false): ApiError {
  const message = labels ? 'Labels fingerprint either invalid or resource labels have changed' : 'Invalid fingerprint.';
  return new ApiError(412, 'conditionNotMet', message, 'If-Match');
}

const ZONE_EXHAUSTED =
  'does not have enough resources available to fulfill the request. Try a different zone, or try again later.';

export function zoneExhausted(zonePath: string): LateError {
  return new LateError('ZONE_RESOURCE_POOL_EXHAUSTED', `The zone '${zonePath}' ${ZONE_EXHAUSTED}`, 503);
}

export function quotaExceeded(metric: string, limit: number, region: string): LateError {
  const message = `Quota '${metric}' exceeded.  Limit: ${limit.toFixed(1)} in region ${region}.`;
  const name = metric === 'CPUS' ? 'CPUS-per-project-region' : `${metric.replaceAll('_', '-')}-per-project-region`;
  const metricName = `compute.googleapis.com/${metric.toLowerCase()}`;
  const quotaInfo = { metricName, limitName: name, dimensions: { region }, limit };
  return new LateError('QUOTA_EXCEEDED', message, 403, [{ quotaInfo }]);
}
