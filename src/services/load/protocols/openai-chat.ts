import { isObject } from './answers.ts';
import { type Body, messageHasContent, modelJudge, textIn } from './model-answer.ts';
import { modelRefuser, openaiFields } from './model-request.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol } from './protocol.ts';

/** OpenAI's chat completions, as vLLM, llama-server, Ollama, LiteLLM and most providers speak them. */
export const openaiChat: RequestProtocol = {
  name: 'openai-chat',
  paths: ['/v1/chat/completions', '/chat/completions', '/v1/example-service'],
  operation: 'chat',
  provider: 'openai',
  isChain: false,
  models: '/v1/models',
  takes: ['model', 'maxTokens', 'maxTokensField', 'temperature', 'ignoreEos'],
  headers: promptJson.headers,
  body: (ask, form) => JSON.stringify({ model: form.model, messages: ask.messages, ...openaiFields(ask, form) }),
  judge: modelJudge((body) => {
    const choice = firstChoice(body);
    const message = messageOf(choice);
    return {
      missing: message === undefined ? 'choices[0].message' : missingReason(body),
      hasContent: message !== undefined && messageHasContent(message),
      reason: choice?.finish_reason,
    };
  }),
  ends: 'finish',
  textOf: (answer) => textIn(messageOf(firstChoice(answer))?.content),
  refuser: modelRefuser,
};

function messageOf(choice: Body | undefined): Body | undefined {
  return isObject(choice?.message) ? choice.message : undefined;
}

/** The first choice of an answer; more come only where a template asks for them. */
export function firstChoice({ choices }: Body): Body | undefined {
  const [choice] = Array.isArray(choices) ? choices : [];
  return isObject(choice) ? choice : undefined;
}

/** A choice without an end was cut off, whichever of them it is. */
export function missingReason({ choices }: Body): string | undefined {
  const all: readonly unknown[] = Array.isArray(choices) ? choices : [];
  const open = all.findIndex((each) => !isObject(each) || typeof each.finish_reason !== 'string');
  return open < 0 ? undefined : `choices[${open}].finish_reason`;
}
