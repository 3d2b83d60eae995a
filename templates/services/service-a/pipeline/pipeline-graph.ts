import type { Pipeline, Step } from '../../../../src/services/pipelines/pipeline.ts';
import { engineName } from '../../common/engine/failure.ts';
import type { RequestScope } from '../../common/request-scope.ts';
import { BUILT_IN_WORDS } from './built-in.ts';
import type { Graph, GraphContext, GraphInput, GraphOutcome } from './graph.ts';
import { GraphRun, type RunnableGraph, type RunnableStep } from './graph-run.ts';
import type { OpenStep, StepDeps, StepRunner } from './step-kind.ts';

export interface GraphClock {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Rejects with the scope's reason when that ends before. */
  readonly sleep: (ms: number, scope: RequestScope) => Promise<void>;
}

const REAL: GraphClock = {
  now: () => performance.now(),
  random: Math.random,
  sleep: (ms, scope) => scope.sleepUntil(performance.now() + ms),
};

/** A pipeline that has been opened: its steps have their connections, and an index begins to be built. */
export class PipelineGraph implements Graph {
  readonly name: string;
  readonly isBuiltIn: boolean;
  readonly steps: readonly RunnableStep[];
  readonly leaf: string;
  readonly models: readonly string[];
  readonly #runnable: RunnableGraph;
  /** The same, where failures name the engine: the fixed texts are those of `/chain`. */
  readonly #forChats: RunnableGraph;
  readonly #clock: GraphClock;

  /** @param kinds by their names; a pipeline with another kind was not validated, which is a defect */
  constructor(
    pipeline: Pipeline,
    deps: StepDeps,
    kinds: Readonly<Record<string, OpenStep>>,
    { isBuiltIn = false, clock = REAL }: { isBuiltIn?: boolean; clock?: GraphClock } = {},
  ) {
    this.name = pipeline.name;
    this.isBuiltIn = isBuiltIn;
    this.leaf = pipeline.leaf;
    this.#clock = clock;
    const runners = openSteps(pipeline, deps, kinds);
    this.steps = pipeline.steps.map((step) => {
      const words = isBuiltIn ? BUILT_IN_WORDS[step.name] : undefined;
      const { who = `step ${step.name}`, stage = step.name } = words ?? {};
      return { ...step, runner: runners.get(step.name) as StepRunner, who, stage };
    });
    const runnable = (steps: readonly RunnableStep[]): RunnableGraph => {
      const order = [...runners.keys()].map((name) => steps.find((step) => step.name === name) as RunnableStep);
      return { ...pipeline, steps, order, isLine: isLine(steps), redact: deps.redact };
    };
    this.#runnable = runnable(this.steps);
    const who = `${engineName(deps.engine.kind)}(A)`;
    const named = (step: RunnableStep) => (isBuiltIn && step.runner.usesEngine ? { ...step, who } : step);
    this.#forChats = runnable(this.steps.map(named));
    this.models = [...new Set(this.steps.flatMap(modelOf))];
  }

  get reason(): string | undefined {
    for (const { runner } of this.steps) if (runner.reason !== undefined) return runner.reason;
    return undefined;
  }

  run(input: GraphInput, context: GraphContext): Promise<GraphOutcome> {
    return new GraphRun(
      input.chat === undefined ? this.#runnable : this.#forChats,
      input,
      context,
      this.#clock,
    ).outcome();
  }

  close(): void {
    for (const { runner } of this.steps) runner.close?.();
  }
}

/** Each after those that it needs: what works between runs works with them. */
function openSteps({ steps }: Pipeline, deps: StepDeps, kinds: Readonly<Record<string, OpenStep>>) {
  const opened = new Map<string, StepRunner>();
  const open = (step: Step) => {
    if (opened.has(step.name)) return;
    for (const other of steps) if (step.needs.includes(other.name)) open(other);
    const kind = kinds[step.kind];
    if (kind === undefined) throw new Error(`there is no kind of step "${step.kind}"`);
    opened.set(
      step.name,
      kind(step, deps, (name) => opened.get(name)),
    );
  };
  for (const step of steps) open(step);
  return opened;
}

/** One root, and nothing is needed by two. */
function isLine(steps: readonly RunnableStep[]): boolean {
  const needed = steps.flatMap(({ needs }) => needs);
  return new Set(needed).size === needed.length && steps.filter(({ needs }) => needs.length === 0).length === 1;
}

function modelOf({ runner, inputs: { model } }: RunnableStep): string[] {
  const isNamed = runner.usesEngine && model?.kind === 'literal' && typeof model.value === 'string';
  return isNamed ? [model.value as string] : [];
}
