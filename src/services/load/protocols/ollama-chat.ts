import { isObject } from './answers.ts';
import { messageHasContent, modelJudge, textIn } from './model-answer.ts';
import { ollamaFields } from './model-request.ts';
import { ollamaGenerate } from './ollama-generate.ts';
import type { RequestProtocol } from './protocol.ts';

/** Ollama's chat, which A and B speak, too. */
export const ollamaChat: RequestProtocol = {
  ...ollamaGenerate,
  name: 'ollama-chat',
  paths: ['/api/chat'],
  operation: 'chat',
  body: (ask, form) => JSON.stringify({ model: form.model, messages: ask.messages, ...ollamaFields(ask, form) }),
  judge: modelJudge((body) => ({
    missing: !isObject(body.message) ? 'message' : body.done === true ? undefined : 'done: true',
    hasContent: isObject(body.message) && messageHasContent(body.message),
    reason: body.done_reason,
  })),
  textOf: ({ message }) => textIn(isObject(message) ? message.content : undefined),
};
