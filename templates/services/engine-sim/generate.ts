import type { ServerResponse } from 'node:http';
import { EngineError, sendJson, startLines } from './http.ts';
import { parseKeepAlive } from './keep-alive.ts';
import type { Model, ModelStore } from './models.ts';
import type { Scheduler, TaskTiming } from './scheduler.ts';
import type { SimSettings } from './settings.ts';
import { countTokens, type GeneratedText, generateText, hashText } from './text.ts';

/** What `/api/generate` and `/api/chat` need. */
export interface Engine {
  readonly settings: SimSettings;
  readonly models: ModelStore;
  readonly scheduler: Scheduler;
}

type Body = Record<string, unknown>;
/** The field in which an endpoint carries its text: `response` or `message`. */
type Carry = (text: string) => Body;

const DEFAULT_NUM_CTX = 4096;
const NS_PER_MS = 1e6;

/** `POST /api/generate`. */
export function handleGenerate(engine: Engine, body: Body, outgoing: ServerResponse): void {
  const prompt = [body.system, body.prompt, body.suffix].filter((part) => typeof part === 'string').join('\n\n');
  run(engine, body, prompt, (text) => ({ response: text }), outgoing);
}

/** `POST /api/chat`. */
export function handleChat(engine: Engine, body: Body, outgoing: ServerResponse): void {
  const messages = Array.isArray(body.messages) ? (body.messages as Body[]) : [];
  const prompt = messages.map((message) => (typeof message?.content === 'string' ? message.content : '')).join('\n\n');
  run(engine, body, prompt, (text) => ({ message: { role: 'assistant', content: text } }), outgoing);
}

function run(engine: Engine, body: Body, prompt: string, carry: Carry, outgoing: ServerResponse): void {
  const model = requireModel(engine.models, body.model ?? body.name);
  const keepAliveMs = readKeepAlive(body.keep_alive, engine.settings.keepAliveMs);
  if (prompt === '') {
    loadOnly(engine, model, keepAliveMs, carry, outgoing);
    return;
  }
  const options = typeof body.options === 'object' && body.options !== null ? (body.options as Body) : {};
  const text = generateText({
    prompt,
    seed: typeof options.seed === 'number' ? options.seed : hashText(model.name + prompt),
    temperature: typeof options.temperature === 'number' ? options.temperature : 0.8,
    maxTokens: typeof options.num_predict === 'number' ? options.num_predict : -1,
  });
  const numCtx = typeof options.num_ctx === 'number' ? options.num_ctx : DEFAULT_NUM_CTX;
  const promptTokens = Math.min(countTokens(prompt), numCtx);
  const stream = body.stream !== false;
  let writeLine: ((line: unknown) => void) | undefined;
  const line = (fields: Body) => ({ model: body.model, created_at: new Date().toISOString(), ...fields });
  const cancel = engine.scheduler.submit({
    model,
    promptTokens,
    outputTokens: text.tokens.length,
    stream,
    keepAliveMs,
    onToken(index) {
      writeLine ??= startLines(outgoing);
      writeLine(line({ ...carry(text.tokens[index] as string), done: false }));
    },
    onDone(timing) {
      const last = { done: true, done_reason: text.doneReason, ...figures(timing, promptTokens, text) };
      if (!stream) {
        sendJson(outgoing, 200, line({ ...carry(text.tokens.join('')), ...last }));
        return;
      }
      writeLine ??= startLines(outgoing);
      writeLine(line({ ...carry(''), ...last }));
      outgoing.end();
    },
  });
  if (!cancel) throw new EngineError(503, 'server busy, please try again.  maximum pending requests exceeded');
  outgoing.once('close', cancel);
}

/** Asked to generate from nothing, Ollama loads the model and says so; with keep_alive 0 it unloads it. */
function loadOnly(engine: Engine, model: Model, keepAliveMs: number, carry: Carry, outgoing: ServerResponse): void {
  const { wait } = engine.models.use(model.name);
  const answer = () => {
    engine.models.release(model.name, keepAliveMs);
    sendJson(outgoing, 200, {
      model: model.name,
      created_at: new Date().toISOString(),
      ...carry(''),
      done: true,
      done_reason: keepAliveMs === 0 ? 'unload' : 'load',
      simulated: true,
    });
  };
  if (wait) void wait.then(answer);
  else answer();
}

/** Ollama's figures: durations in nanoseconds. */
function figures(timing: TaskTiming, promptTokens: number, text: GeneratedText): Body {
  return {
    total_duration: Math.round(timing.totalMs * NS_PER_MS),
    load_duration: Math.round(timing.loadMs * NS_PER_MS),
    prompt_eval_count: promptTokens,
    prompt_eval_duration: Math.round(timing.promptMs * NS_PER_MS),
    eval_count: text.tokens.length,
    eval_duration: Math.round(timing.outputMs * NS_PER_MS),
    simulated: true,
  };
}

/** The model that a body names, or Ollama's errors. */
export function requireModel(models: ModelStore, name: unknown): Model {
  if (typeof name !== 'string' || name === '') throw new EngineError(400, 'model is required');
  const model = models.get(name);
  if (!model) throw new EngineError(404, `model '${name}' not found`);
  return model;
}

function readKeepAlive(value: unknown, fallbackMs: number): number {
  if (value === undefined || value === null) return fallbackMs;
  const ms = parseKeepAlive(value);
  if (ms === undefined) throw new EngineError(400, `time: invalid duration "${String(value)}"`);
  return ms;
}
