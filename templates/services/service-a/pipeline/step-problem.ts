import { Problem } from '../../common/problem.ts';

/** A step's failure that knows what came from whom it asked: `retry_on` names these. */
export class StepProblem extends Problem {
  constructor(status: number, detail: string, upstream?: number | 'timeout') {
    super(status, detail, {}, { code: status === 504 ? 'timeout' : 'upstream_error' });
    this.upstream = upstream;
  }
}

/** Whether whoever was asked has certainly not begun: it was not reached, or said that it cannot be. */
export function isUnbegun({ unbegun, code }: Problem): boolean {
  return unbegun ?? code === 'engine_unavailable';
}

/** What `retry_on` compares: `timeout`, the status that came, or what A itself would answer where none came. */
export function upstreamOf({ upstream, status }: Problem): number | 'timeout' {
  return upstream ?? (status === 504 ? 'timeout' : status);
}
