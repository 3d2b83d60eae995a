import type { Admission } from '../common/admission.ts';
import type { LeastTime } from '../common/least-time.ts';
import type { Graph, GraphContext, GraphInput, GraphOutcome } from './pipeline/graph.ts';
import type { RemoteWindow } from './remote-window.ts';

export interface ChainRunsOptions {
  readonly graph: Graph;
  readonly admission: Admission;
  readonly window: RemoteWindow;
  readonly least: LeastTime;
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
    const { graph, admission, window, least } = this.#options;
    const queueMs = await admission.enter(context.scope);
    const begunAt = performance.now();
    const ahead = window.begun - 1;
    let holdsPlace = true;
    const leave = () => {
      if (holdsPlace) admission.leave();
      holdsPlace = false;
    };
    try {
      const outcome = await graph.run(input, { ...context, onEngineFree: leave });
      // How long a chat takes is for its caller to say.
      if (input.chat === undefined) least.record(performance.now() - begunAt, performance.now(), ahead);
      return { outcome, queueMs, begunAt };
    } finally {
      leave();
      window.ended();
      admission.pump();
    }
  }
}
