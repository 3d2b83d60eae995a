import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { AskPlan, type PlannedAsk } from './ask-plan.ts';
import type { LoadedData } from './loaded.ts';
import type { WorkloadSettings } from './settings.ts';
import { type TokenScale, USUAL_SCALE } from './token-scale.ts';

/** What the record of a request tells of what it asked. */
export type Asked = Pick<RequestRecord, 'mix' | 'input_tokens_asked' | 'max_tokens'>;

/**
 * Adds to records what their requests asked. It is made again from the seed and the request's number, so that generators
 * need not tell.
 */
export function askedAdder(
  workload: WorkloadSettings | undefined,
  seed: number,
  data: LoadedData | undefined,
): (records: readonly RequestRecord[]) => readonly RequestRecord[] {
  if (workload === undefined || data === undefined) return (records) => records;
  const plan = new AskPlan(workload, seed, data);
  const scale = workload.tokens ?? USUAL_SCALE;
  return (records) =>
    records.map((record) => {
      const { index, session = index, turn } = record;
      return { ...record, ...askedBy(plan.at(defined({ number: session, turn })), scale) };
    });
}

/** @param scale by which the tokens of a given text are estimated */
export function askedBy({ name, inputTokens, inputCharacters, maxTokens }: PlannedAsk, scale: TokenScale): Asked {
  const { charactersPerToken, overheadTokens } = scale;
  const estimate =
    inputCharacters === undefined ? undefined : Math.round(inputCharacters / charactersPerToken) + overheadTokens;
  return defined({ mix: name, input_tokens_asked: inputTokens ?? estimate, max_tokens: maxTokens });
}
