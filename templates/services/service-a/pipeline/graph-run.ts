import type { Step } from '../../../../src/services/pipelines/pipeline.ts';
import type { TokenUsage } from '../../common/engine/engine.ts';
import { Problem } from '../../common/problem.ts';
import { firstCodePoints } from '../../common/prompt.ts';
import type { Redact } from '../../common/redact.ts';
import type { RequestScope } from '../../common/request-scope.ts';
import { roundSeconds } from '../../common/seconds.ts';
import type { GraphContext, GraphInput, GraphOutcome, StepOutput, StepReport } from './graph.ts';
import type { GraphClock } from './pipeline-graph.ts';
import type { StepResult, StepRunner } from './step-kind.ts';
import { StepProblem } from './step-problem.ts';
import { runStep } from './step-run.ts';

/** A step with all that its runs share. */
export interface RunnableStep extends Step {
  readonly runner: StepRunner;
  /** Begins a failure's text. */
  readonly who: string;
  /** What the request log calls it. */
  readonly stage: string;
}

export interface RunnableGraph {
  readonly name: string;
  readonly leaf: string;
  readonly steps: readonly RunnableStep[];
  /** The same, each after those that it needs. */
  readonly order: readonly RunnableStep[];
  readonly timeoutMs: number | undefined;
  readonly redact: Redact;
  /** One step after another: no other one runs when one fails. */
  readonly isLine: boolean;
}

/** What became of a step in this run. */
interface Ended {
  readonly step: RunnableStep;
  readonly begunAt: number;
  readonly endedAt: number;
  readonly firstAt: number | undefined;
  readonly tries: number;
  readonly result: StepResult | undefined;
  /** Why it was skipped. */
  readonly error: string | undefined;
}

const MOST_TEXT = 2000;
const NO_TOKENS: TokenUsage = { input: 0, output: 0 };

/**
 * One run: each step starts when all its needs have ended, and the first failure that counts ends all others. What steps
 * make is kept by their names, and nowhere else.
 */
export class GraphRun {
  readonly #graph: RunnableGraph;
  readonly #input: GraphInput;
  readonly #context: GraphContext;
  readonly #clock: GraphClock;
  readonly #begunAt: number;
  readonly #scope: RequestScope;
  readonly #outputs: Record<string, StepOutput> = {};
  readonly #ended = new Map<string, Ended>();
  #engineSteps: number;
  /** Steps whose work another service or the engine has begun, as far as is known. */
  #working = 0;

  constructor(graph: RunnableGraph, input: GraphInput, context: GraphContext, clock: GraphClock) {
    this.#graph = graph;
    this.#input = input;
    this.#context = context;
    this.#clock = clock;
    this.#begunAt = clock.now();
    // What runs alone, and as long as the request, needs no end of its own.
    const isWhole = graph.isLine && graph.timeoutMs === undefined;
    this.#scope = isWhole ? context.scope : context.scope.part(graph.timeoutMs, () => this.#tooLate());
    this.#engineSteps = graph.steps.filter(({ runner }) => runner.usesEngine).length;
    if (this.#engineSteps === 0) context.onEngineFree?.();
  }

  async outcome(): Promise<GraphOutcome> {
    try {
      if (this.#graph.isLine) for (const step of this.#graph.order) await this.#run(step);
      else await this.#runTogether();
      return this.#summary();
    } finally {
      if (this.#scope !== this.#context.scope) this.#scope.end();
    }
  }

  async #runTogether(): Promise<void> {
    const begun = new Map<string, Promise<unknown>>();
    for (const step of this.#graph.order) {
      const needs = Promise.all(step.needs.map((name) => begun.get(name)));
      begun.set(
        step.name,
        needs.then(() => this.#run(step)),
      );
    }
    await Promise.all(begun.values());
  }

  async #run(step: RunnableStep): Promise<void> {
    if (step.name === this.#graph.leaf) this.#context.onLeaf?.();
    const watch = this.#context.onStep?.(step.name);
    const begunAt = this.#clock.now();
    const asks = step.runner.usesEngine || step.runner.keepsTime === true;
    if (asks) this.#working++;
    try {
      const { result, firstAt, tries, error } = await runStep({
        step,
        isLeaf: step.name === this.#graph.leaf,
        input: this.#input,
        outputs: this.#outputs,
        scope: this.#scope,
        headers: this.#context.headers,
        sink: this.#sinkOf(step),
        clock: this.#clock,
        redact: this.#graph.redact,
      });
      const endedAt = this.#clock.now();
      this.#outputs[step.name] = result?.output ?? {};
      this.#ended.set(step.name, { step, begunAt, endedAt, firstAt, tries, result, error });
      if (error !== undefined) watch?.failed(error);
      else {
        watch?.succeeded({
          seconds: (endedAt - begunAt) / 1000,
          firstTokenSeconds: firstAt === undefined ? undefined : (firstAt - begunAt) / 1000,
          inputTokens: result?.usage?.input,
          outputTokens: result?.usage?.output,
        });
      }
    } catch (error) {
      watch?.failed(error);
      if (error instanceof Problem) {
        error.stage ??= step.stage;
        error.unbegun = error.unbegun === true && this.#working === (asks ? 1 : 0);
        if (this.#scope !== this.#context.scope) this.#scope.cancel(error);
      }
      throw error;
    }
    if (step.runner.usesEngine && --this.#engineSteps === 0) this.#context.onEngineFree?.();
  }

  /** A chat hears the answer alone, `/chain` every generating step. */
  #sinkOf({ name }: RunnableStep) {
    const { sink } = this.#context;
    if (sink === undefined || (this.#input.chat !== undefined && name !== this.#graph.leaf)) return undefined;
    return (deltas: Parameters<typeof sink>[1]) => sink(name, deltas);
  }

  #tooLate(): Problem {
    const { name, steps, timeoutMs = 0 } = this.#graph;
    const running = steps.find((step) => !this.#ended.has(step.name));
    const problem = new StepProblem(504, `pipeline ${name} error: no answer within ${timeoutMs / 1000} s`, 'timeout');
    problem.stage = running?.stage;
    return problem;
  }

  #summary(): GraphOutcome {
    const { leaf, steps } = this.#graph;
    const all = steps.map(({ name }) => this.#ended.get(name) as Ended);
    const last = this.#ended.get(leaf) as Ended;
    const { result } = last;
    const usage = result?.usage ?? NO_TOKENS;
    const text = typeof result?.output.text === 'string' ? result.output.text : '';
    return {
      steps: all.map((ended) => report(ended, ended === last, this.#graph.redact)),
      outputs: this.#outputs,
      leaf,
      answer: result?.answer ?? { text, reasoning: '', toolCalls: [], finishReason: 'stop' },
      usage,
      wholeUsage: all.reduce((sum, { result: one }) => added(sum, one?.usage), NO_TOKENS),
      beforeLeafSeconds: (last.begunAt - this.#begunAt) / 1000,
      leafSeconds: (last.endedAt - last.begunAt) / 1000,
      firstTokenSeconds: last.firstAt === undefined ? undefined : (last.firstAt - this.#begunAt) / 1000,
      host: result?.host,
      simulated: all.some(({ result: one }) => one?.simulated === true),
      engine: Object.fromEntries(all.map(({ step, result: one }) => [step.name, one?.answer?.engine])),
    };
  }
}

/** Written out: of objects that are put together by spreading, a busy `/chain` makes too many. */
function report(
  { step, begunAt, endedAt, firstAt, tries, result, error }: Ended,
  isLeaf: boolean,
  redact: Redact,
): StepReport {
  const { output, usage, model, host, address, attempts = 1, simulated } = result ?? {};
  const told: Told = { name: step.name };
  if (model !== undefined) told.model = model;
  if (host !== undefined) told.host = host;
  told.seconds = roundSeconds((endedAt - begunAt) / 1000);
  if (firstAt !== undefined) told.first_token_seconds = roundSeconds((firstAt - begunAt) / 1000);
  if (usage !== undefined) {
    told.input_tokens = usage.input;
    told.output_tokens = usage.output;
  }
  told.attempts = attempts + tries - 1;
  // What follows may hold a key, and so may a part of the path.
  if (address !== undefined) told.address = redact(address.replace(/\?.*/s, ''));
  if (!isLeaf && typeof output?.text === 'string') told.text = firstCodePoints(output.text, MOST_TEXT);
  if (error !== undefined) told.error = error;
  if (simulated === true) told.simulated = true;
  return told as StepReport;
}

type Told = { -readonly [Key in keyof StepReport]?: StepReport[Key] };

function added(sum: TokenUsage, one: TokenUsage | undefined): TokenUsage {
  if (one === undefined) return sum;
  const cached = (sum.cached ?? 0) + (one.cached ?? 0);
  const reasoning = (sum.reasoning ?? 0) + (one.reasoning ?? 0);
  return {
    input: sum.input + one.input,
    output: sum.output + one.output,
    ...(cached > 0 ? { cached } : {}),
    ...(reasoning > 0 ? { reasoning } : {}),
  };
}
