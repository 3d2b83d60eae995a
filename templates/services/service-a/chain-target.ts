import type { ChatAsk, ChatCall, ChatOutcome, ChatTarget } from '../common/api/target.ts';
import type { ChatMessage } from '../common/engine/engine.ts';
import type { ChainRuns } from './chain-runs.ts';
import type { GraphInput } from './pipeline/graph.ts';

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

  async chat({ messages, order }: ChatAsk, { scope, headers, sink }: ChatCall): Promise<ChatOutcome> {
    const { outcome, queueMs, begunAt } = await this.#runs.run(inputOf(messages, order), {
      scope,
      headers,
      ...(sink && { sink: (_step, deltas) => sink(deltas) }),
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

function inputOf(messages: readonly ChatMessage[], order: ChatAsk['order']): GraphInput {
  const text = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content ?? '');
  return { text, messages, system: system.join('\n\n'), chat: order };
}
