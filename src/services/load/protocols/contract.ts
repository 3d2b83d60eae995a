import type { AnswerFigures } from '../engine/request-record.ts';
import type { Refuser } from '../failures.ts';
import { type Figures, hostOf, httpError, invalid, isObject, keep, notAnAnswer, parsed } from './answers.ts';
import type { Judge } from './protocol.ts';

/** A JSON object of an answer. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * Judges by the contract of the services: only a 200 with the promised fields is a success.
 *
 * @param read where in an answer the parts of A and of B are, and the first field that is missing
 */
export function contractJudge(read: (body: Body) => { a: Body; b: unknown; missing: string | undefined }): Judge {
  return (status, text, location, retryAfter) => {
    if (status !== 200) return httpError(status, text, location, retryAfter);
    const body = parsed(text);
    const fault = notAnAnswer(body, text);
    if (fault !== undefined || !isObject(body)) return fault ?? invalid('not-json', 'the answer is not a JSON object');
    const { a, b, missing } = read(body);
    if (missing !== undefined || !isObject(b)) return invalid('not-the-contract', `the answer has no ${missing}`);
    return { outcome: 'ok', class: 'ok', error: '', ...hostOf(b), figures: figuresOf(a, b) };
  };
}

export function missingInB(body: Body): string | undefined {
  if (typeof body.llm_text !== 'string') return 'llm_text';
  return typeof body.host === 'string' ? undefined : 'host';
}

/** What an engine tells of its time, as services pass it on. */
const ENGINE_TIMES = [
  ['engine_queue_seconds', 'queue_seconds'],
  ['load_seconds', 'load_seconds'],
  ['prompt_seconds', 'prompt_seconds'],
  ['generation_seconds', 'generation_seconds'],
] as const;

function figuresOf(a: Body, b: Body): AnswerFigures {
  const inA = isObject(a.timing) ? a.timing : {};
  const inB = isObject(b.timing) ? b.timing : {};
  const usage = isObject(b.usage) ? b.usage : {};
  const found: Figures = {};
  keep(found, 'a_local_seconds', inA.a_local_seconds);
  keep(found, 'b_remote_seconds', inA.b_remote_seconds);
  keep(found, 'end_to_end_seconds', inA.end_to_end_seconds);
  keep(found, 'ollama_seconds', inB.ollama_seconds);
  keep(found, 'total_seconds', inB.total_seconds);
  keep(found, 'prompt_tokens', usage.prompt_eval_count);
  keep(found, 'output_tokens', usage.eval_count);
  keep(found, 'a_queue_seconds', inA.queue_seconds);
  keep(found, 'b_queue_seconds', inB.queue_seconds);
  for (const [name, told] of ENGINE_TIMES) {
    if (isObject(inA.engine)) keep(found, `a_${name}`, inA.engine[told]);
    if (isObject(inB.engine)) keep(found, `b_${name}`, inB.engine[told]);
  }
  return found;
}

/** Fewer code points of a prompt the services refuse. */
export const MIN_PROMPT = 1000;

/** Statuses with which gateways answer for a backend that they do not reach. */
export const GATEWAY_STATUS = [502, 503, 504];
/** What the proxy of `deploy local` says, and what Envoy and Google's load balancers say. */
export const BALANCER_SAYS =
  /^(backend \S+ failed|no healthy backend|draining: this proxy|no healthy upstream|upstream (connect|request)|stream timeout)/;
/**
 * Who answered for a service with an error. The services answer `{"detail": ...}`; a gateway's own 502, 503 or 504 has a
 * body that is not theirs.
 *
 * @param who which service, by what it said
 */
export function serviceRefuser(status: number, detail: string | undefined, who: (detail: string) => Refuser): Refuser {
  // No service of ours redirects: what stands in front of it does.
  if (status >= 300 && status < 400) return 'load_balancer';
  // In front of A and in front of B alike: an answer that no service of ours writes.
  if (detail === undefined) return GATEWAY_STATUS.includes(status) ? 'load_balancer' : 'unknown';
  return BALANCER_SAYS.test(detail) ? 'load_balancer' : who(detail);
}
