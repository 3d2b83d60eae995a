import { failureLine, NDJSON_HEADERS, tokenLine } from '../common/api/prompt-route.ts';
import type { StreamWriter } from '../common/api/stream-writer.ts';
import type { Call } from '../common/api/work.ts';
import type { Delta } from '../common/engine/engine.ts';
import type { RequestScope } from '../common/request-scope.ts';
import { BUILT_IN_WORDS } from './pipeline/built-in.ts';
import type { Graph } from './pipeline/graph.ts';

/** The lines of a streamed `/chain`: a piece of text each, with the step that it came from. */
export class ChainStream {
  readonly #writer: StreamWriter;
  readonly #scope: RequestScope;
  readonly #leaf: string;
  /** From the beginning of the request to each step's first text, in seconds. */
  readonly firstTokens = new Map<string, number>();
  #running: string;

  constructor(call: Call, graph: Pick<Graph, 'steps' | 'leaf'>, pingMs: number) {
    this.#scope = call.scope;
    this.#leaf = graph.leaf;
    this.#running = graph.steps[0]?.name ?? graph.leaf;
    this.#writer = call.stream({
      headers: NDJSON_HEADERS,
      keepAlive: () => tokenLine(this.#running, ''),
      failure: (problem) => failureLine(problem, stepOf(problem.stage, graph) ?? this.#running),
      pingMs,
    });
  }

  readonly onLeaf = (): void => {
    this.#running = this.#leaf;
  };

  /** Sends what came together with one write. */
  readonly sink = (step: string, deltas: readonly Delta[]): Promise<void> | undefined => {
    let lines = '';
    for (const { text } of deltas) if (text !== undefined) lines += tokenLine(step, text);
    if (lines === '') return undefined;
    if (!this.firstTokens.has(step)) this.firstTokens.set(step, this.#scope.elapsedSeconds());
    this.#running = step;
    return this.#writer.send(lines);
  };

  end(body: Readonly<Record<string, unknown>>): void {
    this.#writer.end(`${JSON.stringify({ ...body, done: true })}\n`);
  }
}

/** The step that a failure's stage is about. */
function stepOf(stage: string | undefined, { steps }: Pick<Graph, 'steps'>): string | undefined {
  return steps.find(({ name }) => name === stage || BUILT_IN_WORDS[name]?.stage === stage)?.name;
}
