import { contractJudge, MIN_PROMPT, missingInB, serviceRefuser } from './contract.ts';
import { textIn } from './model-answer.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol } from './protocol.ts';

/** B's contract: the text of its model, and the host that answered. */
export const invoke: RequestProtocol = {
  ...promptJson,
  name: 'invoke',
  paths: ['/invoke'],
  operation: 'text_completion',
  ends: 'answer',
  isChain: false,
  keeps: { by: 'B', characters: 1200 },
  minPrompt: MIN_PROMPT,
  provider: 'chainctl',
  judge: contractJudge((body) => ({ a: {}, b: body, missing: missingInB(body) })),
  textOf: (answer) => textIn(answer.llm_text),
  refuser: (status, detail) => serviceRefuser(status, detail, () => 'b'),
};
