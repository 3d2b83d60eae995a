import type { EngineTiming } from '../common/engine/engine.ts';
import { roundSeconds } from '../common/seconds.ts';
import type { Graph, GraphOutcome, StepReport } from './pipeline/graph.ts';

export interface ChainAnswerOptions {
  readonly graph: Pick<Graph, 'steps' | 'leaf'>;
  readonly outcome: GraphOutcome;
  /** A's own model, and B's first address. */
  readonly model: string;
  readonly remoteUrl: string;
  readonly host: string;
  readonly queueSeconds: number;
  readonly endToEndSeconds: number;
  /** Of a streamed answer, from the beginning of the request; undefined where a step said nothing. */
  readonly firstTokens?: { readonly a: number | undefined; readonly b: number | undefined };
}

/** What `/chain` answers and what the request log keeps of it, whatever the graph is. */
export interface ChainAnswer {
  readonly body: Record<string, unknown>;
  readonly log: Record<string, unknown>;
  /** Of A's own step. */
  readonly engine: EngineTiming | undefined;
}

export function chainAnswer(options: ChainAnswerOptions): ChainAnswer {
  const { graph, outcome, model, host, queueSeconds, endToEndSeconds, firstTokens } = options;
  const { steps, leaf, outputs } = outcome;
  const summary = summaryStep(graph);
  const report = (name: string | undefined) => steps.find((step) => step.name === name);
  const own = report(summary);
  const last = report(leaf);
  const engine = summary === undefined ? undefined : outcome.engine[summary];
  const summaryText = summary === undefined ? undefined : outputs[summary]?.text;
  const remoteUrl = last?.address ?? options.remoteUrl;
  const timing = {
    a_local_seconds: roundSeconds(outcome.beforeLeafSeconds),
    b_remote_seconds: roundSeconds(outcome.leafSeconds),
    end_to_end_seconds: roundSeconds(endToEndSeconds),
  };
  const body = {
    service: 'a',
    model_a: model,
    remote_b_url: remoteUrl,
    a_summary: typeof summaryText === 'string' ? summaryText : '',
    b_result: resultOfB(options, last),
    timing: {
      ...timing,
      ...(firstTokens && firstTokenTimes(firstTokens)),
      queue_seconds: queueSeconds,
      ...(engine && { engine }),
      steps: Object.fromEntries(steps.map(({ name, seconds }) => [name, seconds])),
    },
    host,
    usage: { prompt_eval_count: own?.input_tokens ?? 0, eval_count: own?.output_tokens ?? 0 },
    ...(outcome.simulated ? { simulated: true } : {}),
    steps,
  };
  return { body, log: { remote_b_url: remoteUrl, ...timing }, engine };
}

/** The step whose text is `a_summary`. */
export function summaryStep({ steps, leaf }: Pick<Graph, 'steps' | 'leaf'>): string | undefined {
  return steps.find(({ name, kind }) => name !== leaf && (kind === 'generate' || kind === 'chat'))?.name;
}

/** B's own object, or one in its form where the answer is not B's. */
function resultOfB({ graph, outcome, host }: ChainAnswerOptions, last: StepReport | undefined): unknown {
  const { leaf, outputs, answer, leafSeconds } = outcome;
  const kind = graph.steps.find(({ name }) => name === leaf)?.kind;
  const json = outputs[leaf]?.json;
  if ((kind === 'service-b' || kind === 'invoke') && json !== undefined) return json;
  const seconds = roundSeconds(leafSeconds);
  return {
    service: 'b',
    model: last?.model ?? '',
    llm_text: answer.text,
    timing: { ollama_seconds: seconds, total_seconds: seconds },
    host: outcome.host ?? host,
  };
}

function firstTokenTimes({ a, b }: { readonly a: number | undefined; readonly b: number | undefined }) {
  return {
    ...(a !== undefined && { a_first_token_seconds: roundSeconds(a) }),
    ...(b !== undefined && { b_first_token_seconds: roundSeconds(b) }),
  };
}
