import type { Admission } from '../admission.ts';
import type { Engine, EngineAnswer, EngineRun } from '../engine/engine.ts';
import type { Series } from './statistics.ts';
import type { ChatCall, ChatOutcome } from './target.ts';

export interface GeneratorOptions {
  readonly engine: Engine;
  readonly admission: Admission;
  /** Begins a failure's text: `ollama` in B, `ollama(A)` in A. */
  readonly who: string;
  /** Counts what the engine is asked for directly. */
  readonly series: Series;
}

/** Has the engine work on one request: holds a place for exactly as long as it does. */
export class Generator {
  readonly options: GeneratorOptions;

  constructor(options: GeneratorOptions) {
    this.options = options;
  }

  /** @param ask what to ask the engine for */
  generate(
    { scope, headers, sink }: ChatCall,
    ask: (engine: Engine, run: EngineRun) => Promise<EngineAnswer>,
  ): Promise<ChatOutcome> {
    const { engine, admission, who, series } = this.options;
    const work = async (): Promise<ChatOutcome> => {
      const queueSeconds = (await admission.enterFree(scope)) / 1000;
      const before = scope.elapsedSeconds();
      const answer = await ask(engine, { scope, who, headers, ...(sink && { sink, isPassedOn: true }) }).finally(() =>
        admission.leave(),
      );
      const { firstTokenSeconds } = answer;
      return {
        answer,
        usage: answer.usage,
        wholeUsage: answer.usage,
        queueSeconds,
        firstTokenSeconds: firstTokenSeconds === undefined ? undefined : before + firstTokenSeconds,
        simulated: answer.simulated,
        timing: answer.engine,
      };
    };
    return series.run(work(), ({ firstTokenSeconds, usage }) => ({
      seconds: scope.elapsedSeconds(),
      firstTokenSeconds,
      inputTokens: usage.input,
      outputTokens: usage.output,
    }));
  }
}
