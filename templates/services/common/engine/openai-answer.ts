import { defined } from '../../../../src/services/defined.ts';
import { timingOfParts, wholeCount } from '../engine-timing.ts';
import { type AnswerBuilder, textOf } from './answer.ts';
import type { TokenUsage, ToolCallDelta } from './engine.ts';
import { EngineFault } from './fault.ts';

type Message = Readonly<Record<string, unknown>>;

/** Takes a chunk of a streamed chat, or a whole one: that has `message` where a chunk has `delta`. */
export function takeChat(builder: AnswerBuilder, chunk: Message, bytes: number): void {
  const choice = ownChoice(builder, chunk);
  if (choice === undefined) return;
  const delta = choice.delta ?? choice.message;
  let hasPiece = false;
  // A last chunk may have none.
  if (delta !== undefined && delta !== null) {
    if (!isObject(delta)) throw new EngineFault('sent a piece that is no part of a message');
    const { content, refusal, tool_calls: calls } = delta;
    const reasoning = textOf(delta.reasoning_content ?? delta.reasoning);
    builder.reasoning(reasoning);
    builder.text(textOf(content));
    builder.refusal(textOf(refusal));
    if (calls !== undefined && calls !== null) builder.toolCalls(toolCallDeltas(calls));
    hasPiece = reasoning !== '' || !!content || !!refusal;
  }
  takeChoice(builder, choice, bytes, hasPiece);
}

/** The same, where a refusal is as good a text as any: `/chain` and `/invoke` have no other place for it. */
export function takeGeneration(builder: AnswerBuilder, chunk: Message, bytes: number): void {
  builder.refusesInText = true;
  takeChat(builder, chunk, bytes);
}

/** Takes a chunk of a streamed completion. */
export function takeCompletion(builder: AnswerBuilder, chunk: Message, bytes: number): void {
  const choice = ownChoice(builder, chunk);
  if (choice === undefined) return;
  const { text } = choice;
  if (text !== undefined && text !== null) builder.text(textOf(text));
  takeChoice(builder, choice, bytes, !!text);
}

/** The one choice that was asked for; undefined for an event that only tells the usage. */
function ownChoice(builder: AnswerBuilder, { choices, usage, timings }: Message): Message | undefined {
  if (isObject(timings)) builder.timing = timingOfParts(timings, builder.elapsedSeconds);
  if (isObject(usage)) builder.usage = usageOf(usage);
  if (!Array.isArray(choices)) {
    if (usage !== undefined) return undefined;
    throw new EngineFault('sent an event that is no part of a completion');
  }
  if (choices.length === 0) return undefined;
  const own = choices.find((each): each is Message => isObject(each) && (each.index ?? 0) === 0);
  // Passed over, it would be missing from the answer.
  if (own === undefined) throw new EngineFault('sent a choice that was not asked for');
  return own;
}

function takeChoice(builder: AnswerBuilder, { logprobs, finish_reason }: Message, bytes: number, hasPiece: boolean) {
  if (isObject(logprobs)) builder.logprobs(logprobs, bytes, hasPiece);
  if (typeof finish_reason === 'string') builder.finish = finish_reason;
}

function toolCallDeltas(calls: unknown): ToolCallDelta[] {
  if (!Array.isArray(calls)) throw new EngineFault('sent tool calls that are no list');
  return calls.map((each: unknown, at) => {
    const called = isObject(each) ? (each.function ?? {}) : undefined;
    if (!isObject(each) || !isObject(called)) throw new EngineFault('sent a tool call that is none');
    const { index, id } = each;
    const position = Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : at;
    const { name, arguments: args } = called;
    return {
      index: position,
      ...defined({ id: typeof id === 'number' ? String(id) : textOf(id) || undefined }),
      function: defined({
        name: textOf(name) || undefined,
        // Text by OpenAI's book; some send the object itself.
        arguments: isObject(args) ? JSON.stringify(args) : (args ?? undefined) === undefined ? undefined : textOf(args),
      }),
    };
  });
}

function usageOf(usage: Message): TokenUsage {
  const { prompt_tokens, completion_tokens, prompt_tokens_details, completion_tokens_details } = usage;
  const detail = (of: unknown, name: string) => {
    const value = (of as Message | null | undefined)?.[name];
    return Number.isSafeInteger(value) ? wholeCount(value) : undefined;
  };
  return {
    input: wholeCount(prompt_tokens),
    output: wholeCount(completion_tokens),
    ...defined({
      cached: detail(prompt_tokens_details, 'cached_tokens'),
      reasoning: detail(completion_tokens_details, 'reasoning_tokens'),
    }),
  };
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
