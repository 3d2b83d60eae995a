import { defined } from '../../defined.ts';
import type { Refuser } from '../failures.ts';
import type { Ask, RequestForm } from './ask.ts';
import { BALANCER_SAYS, GATEWAY_STATUS } from './contract.ts';

/** What every request of an OpenAI API has beside its prompt; `stream_options` makes a stream tell its tokens. */
export function openaiFields({ maxTokens }: Ask, form: RequestForm) {
  const { stream, usage = true, maxTokensField = 'max_tokens', temperature, ignoreEos } = form;
  return defined({
    [maxTokensField]: maxTokens,
    temperature,
    ignore_eos: ignoreEos === true ? true : undefined,
    ...(stream ? { stream, ...(usage ? { stream_options: { include_usage: true } } : {}) } : {}),
  });
}

/** `options` of Ollama; it has no way to go on behind the end of an answer. */
export function ollamaFields({ maxTokens }: Ask, { stream, temperature }: RequestForm) {
  const options = defined({ num_predict: maxTokens, temperature });
  return { stream, ...(Object.keys(options).length === 0 ? {} : { options }) };
}

/** How gateways speak: nginx in pages, Envoy and load balancers in a line, LiteLLM and Cloudflare with their names. */
const GATEWAY_SAYS =
  /^(a web page|litellm\.|upstream |error code: \d+$|bad gateway$|gateway time-?out$|service unavailable$|no available server$|backend fetch failed)/i;
/** How limits of rates and quotas speak where their status is another one. */
const LIMIT_SAYS = /rate.?limit|too many requests|quota/i;

/**
 * Who answered for a model with an error. What the server itself says is JSON; a gateway's 502, 503 or 504 says nothing,
 * or says it in its own way.
 */
export function modelRefuser(status: number, detail: string | undefined, said = detail): Refuser {
  if (status >= 300 && status < 400) return 'load_balancer';
  if (status === 429 || (said !== undefined && status !== 400 && LIMIT_SAYS.test(said))) return 'rate_limit';
  if (said === undefined) return GATEWAY_STATUS.includes(status) ? 'load_balancer' : 'unknown';
  return BALANCER_SAYS.test(said) || GATEWAY_SAYS.test(said) ? 'load_balancer' : 'server';
}
