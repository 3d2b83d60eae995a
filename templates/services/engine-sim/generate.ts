import { longModelName, parseModelName } from '../../../src/services/chain/model-name.ts';
import type { Call } from './answer.ts';
import { canCall, notFound } from './catalog.ts';
import { EngineError } from './engine-error.ts';
import { type Fields, keepAliveOf, listOf, mapOf, textOf } from './fields.ts';
import { sendBody } from './http.ts';
import type { Model } from './models.ts';
import { readOptions } from './options.ts';
import { chatPrompt, generatePrompt } from './prompts.ts';
import { type Engine, run } from './run.ts';
import { chooseCall } from './tools.ts';

/** `POST /api/generate`. */
export function handleGenerate(engine: Engine, request: Fields, call: Call): void {
  checkLogprobs(request);
  const asked = textOf(request.model);
  const name = parseModelName(asked);
  const model = name && engine.models.get(name);
  if (!name || !model) throw new EngineError(404, notFound(asked));
  const keepAliveMs = keepAliveOf(request);
  const prompt = textOf(request.prompt);
  if (prompt === '' && keepAliveMs === 0) {
    unload(engine, model, call);
    return;
  }
  const template = textOf(request.template);
  const given = template !== '' || textOf(request.system) !== '' || listOf(request.context).length > 0;
  if (request.raw === true && given) {
    throw new EngineError(400, 'raw mode does not support template, system, or context');
  }
  checkEffort(request, model);
  checkThinking(request, asked, engine.settings.reasoningTokens > 0);
  if (textOf(request.suffix) !== '') throw new EngineError(400, `${longModelName(name)} does not support insert`);
  run(engine, model, readOptions(mapOf(request.options), engine.settings.numCtx), keepAliveMs, call, {
    request,
    prompt: prompt === '' ? undefined : () => generatePrompt(request, prompt),
    context: listOf(request.context).map(tokenOf),
    images: listOf(request.images).length,
    thinks: request.think !== false,
    toolCall: undefined,
  });
}

/** `POST /api/chat`. */
export function handleChat(engine: Engine, request: Fields, call: Call): void {
  checkLogprobs(request);
  const asked = textOf(request.model);
  const name = parseModelName(asked);
  if (!name) throw new EngineError(400, 'model is required');
  const model = engine.models.get(name);
  if (!model) throw new EngineError(404, notFound(asked));
  const keepAliveMs = keepAliveOf(request);
  const messages = listOf(request.messages).map(mapOf);
  if (messages.length === 0 && keepAliveMs === 0) {
    unload(engine, model, call);
    return;
  }
  checkThinking(request, asked, engine.settings.reasoningTokens > 0);
  checkEffort(request, model);
  const tools = listOf(request.tools).map(mapOf);
  if (tools.length > 0 && !canCall(model)) throw new EngineError(400, `${longModelName(name)} does not support tools`);
  run(engine, model, readOptions(mapOf(request.options), engine.settings.numCtx), keepAliveMs, call, {
    request,
    prompt:
      messages.length === 0
        ? undefined
        : (contextLength) => chatPrompt(messages, request.truncate === false ? Infinity : contextLength),
    context: [],
    images: messages.flatMap(({ images }) => listOf(images)).length,
    thinks: request.think !== false,
    toolCall: chooseCall(tools, messages),
  });
}

function unload(engine: Engine, model: Model, { outgoing, wire }: Call): void {
  engine.scheduler.expire(model);
  sendBody(outgoing, 200, wire.idle('unload'), wire.types.idle);
}

function checkLogprobs({ top_logprobs: asked }: Fields): void {
  if (typeof asked === 'number' && (asked < 0 || asked > 20)) {
    throw new EngineError(400, 'top_logprobs must be between 0 and 20');
  }
}

/** How hard to think: only models of one kind can be told. */
function checkEffort({ think }: Fields, { name }: Model): void {
  if (typeof think !== 'string' || /(^|\/)gpt-oss/i.test(name)) return;
  throw new EngineError(400, `think value ${JSON.stringify(think)} is not supported for this model`);
}

function checkThinking({ think }: Fields, asked: string, canThink: boolean): void {
  if (think !== undefined && think !== false && !canThink) {
    throw new EngineError(400, `${JSON.stringify(asked)} does not support thinking`);
  }
}

/** An int32, as the runner has it; null is 0 in Go. */
function tokenOf(value: unknown): number {
  return Number(value) | 0;
}
