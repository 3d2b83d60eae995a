import type { Delta, EngineAnswer, TokenUsage } from '../engine/engine.ts';
import { roundSeconds } from '../seconds.ts';
import { count, list, number, object, text } from './openapi.ts';
import type { Schema } from './schema.ts';
import type { ChatOutcome, StepProgress } from './target.ts';

/** What every part of one answer has in common. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The listed id of the model. */
  readonly model: string;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `chatcmpl-` or `cmpl-` and 24 letters and digits. Tells answers apart; it is no secret. */
export function answerHead(prefix: 'chatcmpl' | 'cmpl', model: string): AnswerHead {
  // Joined, since a text that is added up letter by letter is kept letter by letter, in every open stream.
  const letters = Array.from({ length: 24 }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]);
  const id = `${prefix}-${letters.join('')}`;
  return { id, created: Math.floor(Date.now() / 1000), model };
}

/** A whole chat completion. */
export function chatCompletion(head: AnswerHead, outcome: ChatOutcome, chainctl: unknown): Record<string, unknown> {
  const { answer, usage } = outcome;
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: messageOf(answer),
        logprobs: answer.logprobs === undefined ? null : { content: answer.logprobs, refusal: null },
        finish_reason: answer.finishReason,
      },
    ],
    usage: openAiUsage(usage),
    chainctl,
  };
}

function messageOf({ text: content, reasoning, toolCalls, refusal }: ChatOutcome['answer']): Record<string, unknown> {
  const hasOther = toolCalls.length > 0 || refusal !== undefined;
  return {
    role: 'assistant',
    content: hasOther && content === '' ? null : content,
    refusal: refusal ?? null,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  };
}

export function openAiUsage({ input, output, cached, reasoning }: TokenUsage): Record<string, unknown> {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
    ...(reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

/** What this project tells beside the open API's fields. */
export function chainctlOf(outcome: ChatOutcome, ownHost: string, totalSeconds: number): Record<string, unknown> {
  const { host, queueSeconds, firstTokenSeconds, wholeUsage, simulated, steps } = outcome;
  return {
    host: host ?? ownHost,
    queue_seconds: roundSeconds(queueSeconds),
    first_token_seconds: firstTokenSeconds === undefined ? null : roundSeconds(firstTokenSeconds),
    total_seconds: roundSeconds(totalSeconds),
    usage: openAiUsage(wholeUsage),
    ...(simulated && { simulated: true }),
    ...(steps && { steps }),
  };
}

/** Writes the chunks of a streamed chat or completion. Most pieces are text alone, and cost one concatenation. */
export class ChunkForm {
  readonly #before: string;
  readonly #afterText: string;
  readonly #usage: string;
  readonly #isChat: boolean;
  /** The first piece has been written. */
  begun = false;

  constructor(head: AnswerHead, kind: 'chat.completion.chunk' | 'text_completion', includeUsage: boolean) {
    const { id, created, model } = head;
    this.#isChat = kind === 'chat.completion.chunk';
    this.#before = `data: ${JSON.stringify({ id, object: kind, created, model }).slice(0, -1)},"choices":[`;
    this.#usage = includeUsage ? ',"usage":null' : '';
    this.#afterText = this.#isChat
      ? '},"logprobs":null,"finish_reason":null}'
      : ',"logprobs":null,"finish_reason":null}';
  }

  /** The first event of a chat. */
  role(): string {
    if (this.begun || !this.#isChat) return '';
    this.begun = true;
    return this.#choice('{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}');
  }

  /** The events of pieces that came together. */
  pieces(deltas: readonly Delta[]): string {
    let events = this.role();
    for (const delta of deltas) {
      const { text: piece, reasoning, refusal, toolCalls, logprobs } = delta;
      const isPlain = piece !== undefined && !reasoning && !refusal && !toolCalls && logprobs === undefined;
      if (!this.#isChat) {
        const told =
          logprobs === undefined ? this.#afterText : `,"logprobs":${JSON.stringify(logprobs)},"finish_reason":null}`;
        if (piece !== undefined || logprobs !== undefined) {
          events += this.#choice(`{"index":0,"text":${JSON.stringify(piece ?? '')}${told}`);
        }
      } else if (isPlain) {
        events += this.#choice(`{"index":0,"delta":{"content":${JSON.stringify(piece)}${this.#afterText}`);
      } else
        events += this.#choice(
          JSON.stringify({ index: 0, delta: deltaOf(delta), logprobs: logprobs ?? null, finish_reason: null }),
        );
    }
    return events;
  }

  /** A step begins, or has ended: no choice, so clients that do not know it pass it over. */
  step(step: StepProgress): string {
    return `${this.#before}],"step":${JSON.stringify(step)}${this.#usage}}\n\n`;
  }

  /** The last events: why it ended, what it used, and that it is whole. */
  end(answer: Pick<EngineAnswer, 'finishReason'>, usage: TokenUsage, chainctl: unknown): string {
    const { finishReason } = answer;
    const last = this.#isChat
      ? { index: 0, delta: {}, logprobs: null, finish_reason: finishReason }
      : { index: 0, text: '', logprobs: null, finish_reason: finishReason };
    const finish = `${this.#before}${JSON.stringify(last)}],"chainctl":${JSON.stringify(chainctl)}${this.#usage}}\n\n`;
    const usages = this.#usage === '' ? '' : `${this.#before}],"usage":${JSON.stringify(openAiUsage(usage))}}\n\n`;
    return `${this.role()}${finish}${usages}data: [DONE]\n\n`;
  }

  #choice(choice: string): string {
    return `${this.#before}${choice}]${this.#usage}}\n\n`;
  }
}

function deltaOf({ text: content, reasoning, refusal, toolCalls }: Delta): Record<string, unknown> {
  return {
    ...(content !== undefined && { content }),
    ...(refusal !== undefined && { refusal }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls && { tool_calls: toolCalls }),
  };
}

const nullableText: Schema = { type: ['string', 'null'] };
export const USAGE: Schema = object({ prompt_tokens: count, completion_tokens: count, total_tokens: count });
export const FINISH: Schema = { type: 'string', enum: ['stop', 'length', 'tool_calls', 'content_filter'] };

/** A whole chat completion, for /openapi.json. */
export const CHAT_COMPLETION: Schema = object({
  id: text,
  object: { type: 'string', enum: ['chat.completion'] },
  created: { type: 'integer' },
  model: text,
  choices: {
    type: 'array',
    minItems: 1,
    maxItems: 1,
    items: object({
      index: { type: 'integer', minimum: 0, maximum: 0 },
      message: object(
        { role: { type: 'string', enum: ['assistant'] }, content: nullableText, refusal: nullableText },
        { reasoning_content: text, tool_calls: list({ type: 'object' }) },
      ),
      logprobs: { type: ['object', 'null'] },
      finish_reason: FINISH,
    }),
  },
  usage: USAGE,
  chainctl: object(
    {
      host: text,
      queue_seconds: number,
      first_token_seconds: { type: ['number', 'null'] },
      total_seconds: number,
      usage: USAGE,
    },
    { steps: list({ type: 'object' }) },
  ),
});
