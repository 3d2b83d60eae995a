import { TokenMeter } from '../engine/stream/token-meter.ts';
import { errorAnswer, hostOf, httpError, invalid, isObject, parsed } from './answers.ts';
import { chain } from './chain.ts';
import { BALANCER_SAYS } from './contract.ts';
import { invoke } from './invoke.ts';
import { textIn } from './model-answer.ts';
import { ollamaChat } from './ollama-chat.ts';
import { ollamaGenerate } from './ollama-generate.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiCompletions } from './openai-completions.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol, Verdict } from './protocol.ts';
import { usageOf } from './usage.ts';

/** Whose answers are known wherever they come from. */
const KNOWN = [openaiChat, openaiCompletions, ollamaChat, ollamaGenerate, invoke, chain];
/** The text in other answers: llama-server's own and Anthropic's, and TGI's. */
const FIELDS = ['content', 'generated_text'] as const;

/** A stream may come unasked: an error in it is one all the same. */
function errorInStream(text: string): Verdict | undefined {
  if (!/^\s*(data:|event:|id:|\{)/.test(text)) return undefined;
  const { fault } = TokenMeter.ofText(text);
  return fault?.class === 'stream-error' ? invalid(fault.class, fault.error) : undefined;
}

/** An endpoint of which nothing is known: every 2xx is a success that does not say itself that it is an error. */
export const raw: RequestProtocol = {
  ...promptJson,
  name: 'raw',
  paths: [],
  operation: 'text_completion',
  ends: 'finish-or-done',
  isChain: false,
  judge(status, text, location, retryAfter) {
    if (status < 200 || status >= 300) return httpError(status, text, location, retryAfter);
    const body = parsed(text);
    const fault = body === undefined ? errorInStream(text) : errorAnswer(body);
    const figures = isObject(body) ? usageOf(body) : {};
    const counted = Object.keys(figures).length > 0 ? { figures } : {};
    return fault ?? { outcome: 'ok', class: 'ok', error: '', ...hostOf(body), ...counted };
  },
  textOf(answer) {
    const texts = [...KNOWN.map(({ textOf }) => textOf(answer)), ...FIELDS.map((name) => textIn(answer[name]))];
    return texts.find((text) => text !== '') ?? '';
  },
  refuser: (_status, detail, said = detail) =>
    said !== undefined && BALANCER_SAYS.test(said) ? 'load_balancer' : 'unknown',
};
