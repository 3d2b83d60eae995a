import { contractJudge, missingInB, serviceRefuser } from './contract.ts';
import { promptBody } from './prompt-body.ts';
import type { RequestProtocol } from './protocol.ts';

/** B's contract: the text of its model, and the host that answered. */
export const invoke: RequestProtocol = {
  ...promptBody,
  name: 'invoke',
  path: 'invoke',
  operation: 'text_completion',
  isChain: false,
  keeps: { by: 'B', characters: 1200 },
  judge: contractJudge((body) => ({ a: {}, b: body, missing: missingInB(body) })),
  refuser: (status, detail) => serviceRefuser(status, detail, () => 'b'),
};
