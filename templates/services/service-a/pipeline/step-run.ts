import { render, type TemplateData, TooLarge } from '../../../../src/services/pipelines/template.ts';
import type { DeltaSink } from '../../common/engine/engine.ts';
import { Problem } from '../../common/problem.ts';
import type { Redact } from '../../common/redact.ts';
import type { RequestScope } from '../../common/request-scope.ts';
import type { GraphInput, StepOutput } from './graph.ts';
import type { RunnableStep } from './graph-run.ts';
import type { GraphClock } from './pipeline-graph.ts';
import type { StepResult } from './step-kind.ts';
import { isUnbegun, StepProblem, upstreamOf } from './step-problem.ts';

interface StepOrder {
  readonly step: RunnableStep;
  readonly isLeaf: boolean;
  readonly input: GraphInput;
  readonly outputs: Readonly<Record<string, StepOutput>>;
  readonly scope: RequestScope;
  readonly headers: Readonly<Record<string, string>>;
  readonly sink: DeltaSink | undefined;
  readonly clock: GraphClock;
  readonly redact: Redact;
}

interface StepEnd {
  /** undefined where it was skipped. */
  readonly result: StepResult | undefined;
  readonly error: string | undefined;
  /** `now()` of its first piece. */
  readonly firstAt: number | undefined;
  readonly tries: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * Runs a step: as often as `retries` allows for what `retry_on` names, unless the caller has got pieces of it already.
 * Rejects with the `Problem` of the last attempt where it may not be skipped.
 */
export async function runStep(order: StepOrder): Promise<StepEnd> {
  const { step, scope, clock } = order;
  // What may be skipped or tried again is told when it is certain.
  const isHeld = !order.isLeaf && (step.onError === 'skip' || step.retries > 0);
  const sink = isHeld ? undefined : order.sink;
  let firstAt: number | undefined;
  const marked: DeltaSink | undefined =
    sink &&
    ((deltas) => {
      firstAt ??= clock.now();
      return sink(deltas);
    });
  let resends = 0;
  let nothingBegun = true;
  const onResend = () => {
    resends++;
  };
  for (let tries = 1; ; tries++) {
    const begunAt = clock.now();
    try {
      scope.check();
      const result = await attempt(order, inputsOf(order), marked, onResend);
      const { firstTokenSeconds: after } = result;
      await tellWhole(result, isHeld, isHeld ? order.sink : order.isLeaf ? marked : undefined);
      return {
        result,
        error: undefined,
        firstAt: firstAt ?? (after === undefined ? after : begunAt + after * 1000),
        tries: tries + resends,
      };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // Before anybody reads it: what a service says may hold what the file sends it.
      error.message = order.redact(error.message);
      nothingBegun &&= isUnbegun(error);
      // Nobody waits any more: the reason is the request's own.
      scope.check();
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + clock.random()), LONGEST_PAUSE_MS);
      const again = tries <= step.retries && step.retryOn.includes(upstreamOf(error));
      if (again && firstAt === undefined && pause < scope.remainingMs()) {
        await clock.sleep(pause, scope);
        continue;
      }
      if (step.onError === 'skip' && firstAt === undefined) {
        return { result: undefined, error: error.message, firstAt, tries: tries + resends };
      }
      throw Object.assign(asStepFailure(error, order), { unbegun: nothingBegun });
    }
  }
}

/** What has not come in pieces comes as one: a generation that was held, and an answer that is no generation. */
async function tellWhole({ answer, output }: StepResult, isHeld: boolean, sink: DeltaSink | undefined): Promise<void> {
  const isGeneration = answer !== undefined;
  if (sink === undefined || isGeneration !== isHeld) return;
  if (typeof output.text === 'string' && output.text !== '') await sink([{ text: output.text }]);
}

function inputsOf({ step, input, outputs }: StepOrder): Record<string, unknown> {
  const data: TemplateData = { input, steps: outputs };
  const rendered: Record<string, unknown> = {};
  try {
    for (const name in step.inputs) rendered[name] = render(step.inputs[name] as never, data);
  } catch (error) {
    if (error instanceof TooLarge) throw new StepProblem(502, `${step.who} error: ${error.message}`);
    throw error;
  }
  return rendered;
}

async function attempt(
  { step, isLeaf, input, scope, headers }: StepOrder,
  inputs: Readonly<Record<string, unknown>>,
  sink: DeltaSink | undefined,
  onResend: () => void,
): Promise<StepResult> {
  const { runner, who, timeoutMs } = step;
  const own = timeoutMs !== undefined && runner.keepsTime !== true;
  const bounded = own
    ? scope.part(timeoutMs, (ms) => new StepProblem(504, `${who} error: no answer within ${ms / 1000} s`, 'timeout'))
    : scope;
  try {
    return await runner.run({
      inputs,
      input,
      isLeaf,
      run: { scope: bounded, who, headers, onResend, ...(sink && { sink }) },
    });
  } finally {
    if (own) bounded.end();
  }
}

/**
 * What an engine refuses of a step's own making (a model that it has not, a prompt that does not fit) is no fault of the
 * caller's request, unless the step is the answer.
 */
function asStepFailure(error: Problem, { isLeaf, step }: StepOrder): Problem {
  const isCallers = error.status === 499 || error.status >= 500 || (isLeaf && error.status === 400);
  if (isCallers) return error;
  const text = error.message.startsWith(`${step.who} error: `) ? error.message : `${step.who} error: ${error.message}`;
  return new StepProblem(502, text, error.status);
}
