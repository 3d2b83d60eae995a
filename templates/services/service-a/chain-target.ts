import { asProblem } from '../common/api/errors.ts';
import type { ChatAsk, ChatCall, ChatOutcome, ChatTarget } from '../common/api/target.ts';
import type { ChatMessage } from '../common/engine/engine.ts';
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
    const { outcome, queueMs, begunAt } = await this.#runs.run(inputOf(messages, order), {
      scope,
      headers,
      ...(sink && { sink: (_step, deltas) => sink(deltas) }),
      ...(onStep && { onStep: watching(onStep) }),
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
