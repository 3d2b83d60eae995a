import type { Admission } from '../common/admission.ts';
import type { Series } from '../common/api/statistics.ts';
import type { LeastTime } from '../common/least-time.ts';
import type { Graph, GraphContext, GraphInput, GraphOutcome, StepWatch } from './pipeline/graph.ts';
import type { RemoteWindow } from './remote-window.ts';

export interface ChainRunsOptions {
  readonly graph: Graph;
  readonly admission: Admission;
  readonly window: RemoteWindow;
  readonly least: LeastTime;
  /** Counts the runs; and each step, by name. */
  readonly chain: Series;
  readonly steps: Readonly<Record<string, Series>>;
}

export interface ChainRun {
  readonly outcome: GraphOutcome;
  /** Before it began, in milliseconds. */
  readonly queueMs: number;
  /** `performance.now()` of its beginning. */
  readonly begunAt: number;
}

/** Runs of the graph, whoever asks for them: each takes a place of A's engine and one of the window towards B. */
export class ChainRuns {
  readonly #options: ChainRunsOptions;

  constructor(options: ChainRunsOptions) {
    this.#options = options;
  }

  /** A's place is held for exactly as long as A's own steps need it, the place of the window until the end. */
  async run(input: GraphInput, context: GraphContext): Promise<ChainRun> {
    const { chain } = this.#options;
    const { scope } = context;
    chain.begun();
    try {
      const run = await this.#admitted(input, context);
      const { firstTokenSeconds, wholeUsage } = run.outcome;
      chain.succeeded({
        seconds: scope.elapsedSeconds(),
        firstTokenSeconds: firstTokenSeconds && (run.begunAt - scope.startedAt) / 1000 + firstTokenSeconds,
        inputTokens: wholeUsage.input,
        outputTokens: wholeUsage.output,
      });
      return run;
    } catch (error) {
      chain.failed(error);
      throw error;
    }
  }

  async #admitted(input: GraphInput, context: GraphContext): Promise<ChainRun> {
    const { graph, admission, window, least } = this.#options;
    // How long a chat takes is for its caller to say: neither is it judged by what others took, nor others by it.
    const isChat = input.chat !== undefined;
    const queueMs = await (isChat ? admission.enterGated(context.scope) : admission.enter(context.scope));
    const begunAt = performance.now();
    const ahead = window.begun - 1;
    let holdsPlace = true;
    const leave = () => {
      if (holdsPlace) admission.leave();
      holdsPlace = false;
    };
    try {
      const outcome = await graph.run(input, { ...context, onStep: this.#watch(context), onEngineFree: leave });
      const endedAt = performance.now();
      if (!isChat) least.record(endedAt - begunAt, endedAt, ahead);
      return { outcome, queueMs, begunAt };
    } finally {
      leave();
      window.ended();
      admission.pump();
    }
  }

  /** Counts each step, and tells whoever wants to know of it. */
  #watch({ onStep }: GraphContext): NonNullable<GraphContext['onStep']> {
    if (onStep === undefined) return this.#count;
    return (step) => {
      const watches = [this.#count(step), onStep(step)];
      return {
        succeeded: (figures) => watches.forEach((each) => void each?.succeeded(figures)),
        failed: (error) => watches.forEach((each) => void each?.failed(error)),
      };
    };
  }

  readonly #count = (step: string): StepWatch | undefined => {
    const series = this.#options.steps[step];
    series?.begun();
    return series;
  };
}
