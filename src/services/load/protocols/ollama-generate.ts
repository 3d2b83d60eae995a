import { promptOf } from './ask.ts';
import { hasText, modelJudge, textIn } from './model-answer.ts';
import { modelRefuser, ollamaFields } from './model-request.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol } from './protocol.ts';

/** Ollama's completion of a prompt. */
export const ollamaGenerate: RequestProtocol = {
  name: 'ollama-generate',
  paths: ['/api/generate'],
  operation: 'text_completion',
  provider: 'ollama',
  isChain: false,
  models: '/api/tags',
  takes: ['model', 'maxTokens', 'temperature'],
  headers: promptJson.headers,
  body: (ask, form) => JSON.stringify({ model: form.model, prompt: promptOf(ask), ...ollamaFields(ask, form) }),
  judge: modelJudge((body) => ({
    missing: typeof body.response !== 'string' ? 'response' : body.done === true ? undefined : 'done: true',
    hasContent: hasText(body.response) || hasText(body.thinking),
    reason: body.done_reason,
  })),
  ends: 'done',
  textOf: (answer) => textIn(answer.response),
  refuser: modelRefuser,
};
