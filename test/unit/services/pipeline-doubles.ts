import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type {
  ChatOrder,
  Delta,
  EmbedOrder,
  Engine,
  EngineAnswer,
  EngineRun,
  GenerateOrder,
} from '../../../templates/services/common/engine/engine.ts';
import { RequestScope } from '../../../templates/services/common/request-scope.ts';
import type { GraphInput } from '../../../templates/services/service-a/pipeline/graph.ts';
import type { GraphClock } from '../../../templates/services/service-a/pipeline/pipeline-graph.ts';
import type {
  JsonRun,
  RemoteAnswer,
  Remotes,
  StepAddresses,
} from '../../../templates/services/service-a/pipeline/remote-step.ts';
import type { StepDeps } from '../../../templates/services/service-a/pipeline/step-kind.ts';

/** A caller that can leave. */
export function caller(timeoutMs?: number) {
  const outgoing = Object.assign(new EventEmitter(), { writableFinished: false });
  const scope = new RequestScope(outgoing as unknown as ServerResponse, timeoutMs?.toString());
  return { scope, leave: () => outgoing.emit('close') };
}

/** An answer of an engine that says this. */
export function said(text: string, more: Partial<EngineAnswer> = {}): EngineAnswer {
  return {
    text,
    reasoning: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: { input: 10, output: 2 },
    seconds: 0.5,
    firstTokenSeconds: 0.1,
    engine: undefined,
    simulated: false,
    ...more,
  };
}

/** Tells a text to a sink in two pieces. */
export async function tell(text: string, sink: EngineRun['sink']): Promise<void> {
  const half = Math.ceil(text.length / 2);
  for (const piece of [text.slice(0, half), text.slice(half)]) if (piece !== '') await sink?.([{ text: piece }]);
}

interface Told {
  readonly step: string;
  readonly text: string;
}

/** Collects what comes by step. */
export function listener() {
  const told: Told[] = [];
  const sink = (step: string, deltas: readonly Delta[]) => {
    for (const { text = '' } of deltas) told.push({ step, text });
    return undefined;
  };
  return { told, sink };
}

/** A clock that goes on only by its sleeps. */
export function heldClock(): GraphClock & { readonly slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => 0.5,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
  };
}

interface Doubles {
  readonly generate?: (order: GenerateOrder, run: EngineRun) => Promise<EngineAnswer>;
  readonly chat?: (order: ChatOrder, run: EngineRun) => Promise<EngineAnswer>;
  readonly embed?: (order: EmbedOrder, run: EngineRun) => Promise<readonly (readonly number[])[]>;
  /** Of `service-b` and `invoke`: by step. */
  readonly invoke?: (step: string, prompt: string, run: EngineRun) => Promise<EngineAnswer>;
  readonly remoteChat?: (step: string, order: ChatOrder, run: EngineRun) => Promise<EngineAnswer>;
  /** The status and body that a JSON service answers with. */
  readonly post?: (
    addresses: StepAddresses,
    body: Record<string, unknown>,
    run: JsonRun,
  ) => Promise<{ status: number; text: string }>;
  readonly chunks?: StepDeps['chunks'];
  readonly indexFolder?: string;
  readonly warn?: (line: string) => void;
}

function missing(what: string) {
  return async () => {
    throw new Error(`no double of ${what}`);
  };
}

export function doubles(given: Doubles): StepDeps {
  const { generate = missing('generate'), chat = missing('chat'), invoke = missing('invoke') } = given;
  const { embed = missing('embed'), remoteChat = missing('remote chat'), post = missing('post') } = given;
  const remote = (answer: EngineAnswer): RemoteAnswer => ({
    ...answer,
    json: { llm_text: answer.text },
    model: 'phi3:mini',
    host: 'b-1',
    address: 'http://b/invoke',
    attempts: 1,
  });
  const engine: Engine = {
    kind: 'ollama',
    ownModel: 'tinyllama',
    generate,
    chat,
    complete: missing('complete'),
    async embed(order, run) {
      return { vectors: await embed(order, run), inputTokens: 3, seconds: 0.1, simulated: false };
    },
    models: missing('models'),
    close() {},
  };
  const remotes: Remotes = {
    generating: (_kind, { step }) => ({
      invoke: async (prompt, run) => remote(await invoke(step, prompt, run)),
      chat: async (order, run) => remote(await remoteChat(step, order, run)),
      close() {},
    }),
    json: (addresses) => ({
      async post(body, run) {
        const reply = await post(addresses, JSON.parse(body) as Record<string, unknown>, run);
        return { headers: {}, address: addresses.urls[0] ?? '', attempts: 1, ...reply };
      },
      close() {},
    }),
  };
  return {
    engine,
    engineUrl: 'http://engine',
    engineHeaders: {},
    model: () => 'tinyllama',
    defaults: { numPredict: 20, numCtx: 512, temperature: 0.2 },
    defaultMaxTokens: 1024,
    host: 'a-0',
    remotes,
    chunks: given.chunks ?? {},
    indexFolder: given.indexFolder,
    warn: given.warn ?? (() => {}),
    redact: (text) => text,
  };
}

export function ofChain(text: string): GraphInput {
  return { text, messages: [{ role: 'user', content: text }], system: '', chat: undefined };
}

export function ofChat(text: string, chat: Partial<NonNullable<GraphInput['chat']>> = {}): GraphInput {
  const messages = [{ role: 'user' as const, content: text }];
  return { text, messages, system: '', chat: { maxTokens: 100, sampling: {}, ...chat } };
}
