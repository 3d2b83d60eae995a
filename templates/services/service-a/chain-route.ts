import { list, number, object, text } from '../common/api/openapi.ts';
import { promptRoute, TIMING } from '../common/api/prompt-route.ts';
import type { Route } from '../common/api/router.ts';
import type { Call, WorkDeps, WorkResult } from '../common/api/work.ts';
import { flatTiming } from '../common/engine-timing.ts';
import type { Prompt } from '../common/prompt.ts';
import { roundSeconds } from '../common/seconds.ts';
import { chainAnswer, summaryStep } from './chain-answer.ts';
import type { ChainRuns } from './chain-runs.ts';
import { ChainStream } from './chain-stream.ts';
import type { Graph } from './pipeline/graph.ts';

export interface ChainRouteOptions {
  readonly deps: WorkDeps;
  readonly runs: ChainRuns;
  readonly graph: Graph;
  /** A's own model. */
  readonly model: () => string;
  /** B's first address. */
  readonly remoteUrl: string;
  /** A stream is silent for so long at most, in milliseconds. */
  readonly pingMs: number;
}

/** `POST /chain`: the graph's answer to a prompt, whole or as it comes. */
export function chainRoute({ deps, runs, graph, model, remoteUrl, pingMs }: ChainRouteOptions): Route {
  const { host, minProcessMs } = deps.settings;
  const summary = summaryStep(graph);

  async function work(prompt: Prompt, isStreamed: boolean, call: Call): Promise<WorkResult> {
    const { scope, headers } = call;
    const stream = isStreamed ? new ChainStream(call, graph, pingMs) : undefined;
    const messages = [{ role: 'user', content: prompt.text }] as const;
    const input = { text: prompt.text, messages, system: '', chat: undefined };
    const context = { scope, headers, ...(stream && { sink: stream.sink, onLeaf: stream.onLeaf }) };
    const { outcome, queueMs } = await runs.run(input, context);
    await scope.sleepUntil(scope.startedAt + minProcessMs);
    const queueSeconds = roundSeconds(queueMs / 1000);
    const { body, log, engine } = chainAnswer({
      graph,
      outcome,
      model: model(),
      remoteUrl,
      host,
      queueSeconds,
      endToEndSeconds: scope.elapsedSeconds(),
      ...(stream && {
        firstTokens: {
          a: summary === undefined ? undefined : stream.firstTokens.get(summary),
          b: stream.firstTokens.get(graph.leaf),
        },
      }),
    });
    stream?.end(body);
    return { body, log: { prompt_len: prompt.length, ...log, ...flatTiming(queueSeconds, engine) } };
  }

  return promptRoute({
    path: '/chain',
    summary: 'Answers a prompt with the chain',
    answer: object({
      service: text,
      model_a: text,
      remote_b_url: text,
      a_summary: text,
      b_result: object({}),
      timing: TIMING,
      host: text,
      steps: list(object({ name: text, seconds: number })),
    }),
    deps,
    work,
    checkHope: (scope) => deps.admission.checkHope(scope),
  });
}
