import { promptOf } from './ask.ts';
import { hasText, modelJudge, textIn } from './model-answer.ts';
import { openaiFields } from './model-request.ts';
import { firstChoice, missingReason, openaiChat } from './openai-chat.ts';
import type { RequestProtocol } from './protocol.ts';

/** OpenAI's completions: a prompt as it is, without a chat template. */
export const openaiCompletions: RequestProtocol = {
  ...openaiChat,
  name: 'openai-completions',
  paths: ['/v1/completions', '/completions'],
  operation: 'text_completion',
  body: (ask, form) => JSON.stringify({ model: form.model, prompt: promptOf(ask), ...openaiFields(ask, form) }),
  judge: modelJudge((body) => {
    const choice = firstChoice(body);
    return {
      missing: typeof choice?.text === 'string' ? missingReason(body) : 'choices[0].text',
      hasContent: hasText(choice?.text),
      reason: choice?.finish_reason,
    };
  }),
  textOf: (answer) => textIn(firstChoice(answer)?.text),
};
