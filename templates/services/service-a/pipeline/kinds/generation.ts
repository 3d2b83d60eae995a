import type { ChatOrder, EngineAnswer, Sampling } from '../../../common/engine/engine.ts';
import type { RemoteAnswer } from '../remote-step.ts';
import type { StepResult } from '../step-kind.ts';

type Limits = Omit<ChatOrder, 'model' | 'messages'>;

/** What a step's file says of its sampling; undefined where it says nothing. */
interface OwnLimits {
  readonly maxTokens: number | undefined;
  readonly sampling: { readonly [K in keyof Sampling]: Sampling[K] | undefined };
}

/**
 * The caller's fields before the step's own, and the lower of both limits: only the answer gets the caller's.
 *
 * @param caller undefined for a step that is not the answer of a chat
 */
export function callersOrder(caller: Limits | undefined, own: OwnLimits, defaultMaxTokens: number): Limits {
  const sampling = Object.fromEntries(
    Object.entries({ ...own.sampling, ...caller?.sampling }).filter(([, value]) => value !== undefined),
  );
  const asked = caller?.maxTokens ?? defaultMaxTokens;
  const maxTokens = caller === undefined ? (own.maxTokens ?? asked) : Math.min(asked, own.maxTokens ?? Infinity);
  return { ...caller, maxTokens, sampling };
}

export function fromEngine(answer: EngineAnswer, model: string, host: string): StepResult {
  const { text, refusal = '', usage, firstTokenSeconds, simulated } = answer;
  return { output: { text: text + refusal }, answer, usage, firstTokenSeconds, simulated, model, host };
}

export function fromRemote(answer: RemoteAnswer): StepResult {
  const { text, refusal = '', json, usage, firstTokenSeconds, simulated, model, host, address, attempts } = answer;
  return {
    output: { text: text + refusal, json },
    answer,
    usage,
    firstTokenSeconds,
    simulated,
    model,
    host,
    address,
    attempts,
  };
}
