import { errorAnswer, hostOf, httpError, parsed } from './answers.ts';
import { BALANCER_SAYS } from './contract.ts';
import { promptJson } from './prompt-json.ts';
import type { RequestProtocol } from './protocol.ts';

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
    return errorAnswer(body) ?? { outcome: 'ok', class: 'ok', error: '', ...hostOf(body) };
  },
  refuser: (_status, detail, said = detail) =>
    said !== undefined && BALANCER_SAYS.test(said) ? 'load_balancer' : 'unknown',
};
