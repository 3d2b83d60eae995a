import { Problem } from '../../common/problem.ts';

/** A step's failure that knows what came from whom it asked: `retry_on` names these. */
export class StepProblem extends Problem {
  readonly upstream: number | 'timeout' | undefined;

  constructor(status: number, detail: string, upstream?: number | 'timeout') {
    super(status, detail, {}, { code: status === 504 ? 'timeout' : 'upstream_error' });
    this.upstream = upstream;
  }
}

/** What `retry_on` compares: a status, or `timeout`. A failure without one was not sent or broke off. */
export function upstreamOf(problem: Problem): number | 'timeout' | undefined {
  if (problem instanceof StepProblem) return problem.upstream;
  return problem.status === 504 ? 'timeout' : problem.status;
}
