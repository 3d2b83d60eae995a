import { asProblem } from '../common/api/errors.ts';
import type { ChatAsk, ChatCall, ChatOutcome, ChatTarget } from '../common/api/target.ts';
import type { ChatMessage } from '../common/engine/engine.ts';
import { Problem } from '../common/problem.ts';
import { roundSeconds } from '../common/seconds.ts';
import type { ChainRuns } from './chain-runs.ts';
import type { GraphContext, GraphInput } from './pipeline/graph.ts';

/** The model `chain` of A's chats: each runs the graph, and the leaf answers. */
export class ChainTarget implements ChatTarget {
  readonly id = 'chain';
  readonly architecture = 'graph';
  readonly created: number;
  readonly #runs: ChainRuns;

  /** @param created seconds since 1970 */
  constructor(runs: ChainRuns, created: number) {
    this.#runs = runs;
    this.created = created;
  }

  async chat({ messages, order }: ChatAsk, { scope, headers, sink, onStep }: ChatCall): Promise<ChatOutcome> {
    const run = this.#runs.run(inputOf(messages, order), {
      scope,
      headers,
      ...(sink && { sink: (_step, deltas) => sink(deltas) }),
      ...(onStep && { onStep: watching(onStep) }),
    });
    const { outcome, queueMs, begunAt } = await run.catch((error: unknown) => {
      throw unavailableWhereUnbegun(error);
    });
    const { answer, usage, wholeUsage, firstTokenSeconds, host, simulated, steps } = outcome;
    const beforeSeconds = (begunAt - scope.startedAt) / 1000;
    return {
      answer,
      usage,
      wholeUsage,
      queueSeconds: queueMs / 1000,
      firstTokenSeconds: firstTokenSeconds === undefined ? undefined : beforeSeconds + firstTokenSeconds,
      host,
      simulated,
      timing: outcome.engine[outcome.leaf],
      steps,
    };
  }
}

/** As a model says it whose engine is away: `/chain` knows 502 alone, which tells clients that work was done. */
function unavailableWhereUnbegun(error: unknown): unknown {
  if (!(error instanceof Problem) || error.unbegun !== true || error.status !== 502) return error;
  const problem = new Problem(503, error.message, { 'retry-after': '5' }, { code: 'engine_unavailable' });
  return Object.assign(problem, { stage: error.stage, upstream: error.upstream });
}

/** Tells of steps in the form of the answers. */
function watching(told: NonNullable<ChatCall['onStep']>): NonNullable<GraphContext['onStep']> {
  return (name) => {
    told({ name });
    return {
      succeeded({ seconds, outputTokens }) {
        told({
          name,
          seconds: roundSeconds(seconds),
          ...(outputTokens !== undefined && { output_tokens: outputTokens }),
        });
      },
      failed: (error) => told({ name, error: typeof error === 'string' ? error : asProblem(error).message }),
    };
  };
}

function inputOf(messages: readonly ChatMessage[], order: ChatAsk['order']): GraphInput {
  const text = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content ?? '');
  return { text, messages, system: system.join('\n\n'), chat: order };
}
