import type { Refuser } from '../failures.ts';
import { isObject } from './answers.ts';
import {
  BALANCER_SAYS,
  type Body,
  contractJudge,
  GATEWAY_STATUS,
  MIN_PROMPT,
  missingInB,
  serviceRefuser,
} from './contract.ts';
import { textIn } from './model-answer.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol } from './protocol.ts';

/** How a service says that it is not served by its own model. */
const SERVICE_SAYS = /^(overloaded|draining|deadline passed|ollama error)/;

/** A's contract: a summary of its own, and the result of the service that it asked. */
export const chain: RequestProtocol = {
  ...promptJson,
  name: 'chain',
  paths: ['/chain'],
  operation: 'invoke_workflow',
  ends: 'answer',
  isChain: true,
  // A puts 48 characters of its own first.
  keeps: { by: 'A', characters: 700 - 48 },
  minPrompt: MIN_PROMPT,
  provider: 'chainctl',
  judge: contractJudge((body) => ({ a: body, b: body.b_result, missing: missingInChain(body) })),
  textOf: ({ b_result: inB }) => (isObject(inB) ? textIn(inB.llm_text) : ''),
  refuser: (status, detail) =>
    serviceRefuser(status, detail, (said) => {
      // A puts this before what it heard from B's side.
      const remote = /^(?:overloaded: )?remote\(B\) (?:error: )?(.*)$/s.exec(said)?.[1];
      return remote === undefined ? 'a' : beyondA(remote);
    }),
};

function missingInChain(body: Body): string | undefined {
  if (typeof body.a_summary !== 'string') return 'a_summary';
  if (!isObject(body.b_result)) return 'b_result';
  const inB = missingInB(body.b_result);
  return inB === undefined ? undefined : `b_result.${inB}`;
}

/** What A heard from B's side: B's own words, a gateway's, or none because nothing came. */
function beyondA(said: string): Refuser {
  if (BALANCER_SAYS.test(said)) return 'load_balancer';
  const status = Number(/^status (\d+)$/.exec(said)?.[1] ?? Number.NaN);
  if (GATEWAY_STATUS.includes(status)) return 'load_balancer';
  if (SERVICE_SAYS.test(said) || !Number.isNaN(status) || said.startsWith('answered with')) return 'b';
  // Silence for as long as A waits is B's side; everything else that A can say is about the connection.
  return said.startsWith('no answer within') ? 'b' : 'network';
}
