import { parseObject } from '../engine-error.ts';
import { wholeCount } from '../engine-timing.ts';
import type { EngineModel } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The models of an answer of `/v1/models`, each also in the form of Ollama's list; undefined for anything else. */
export function parseOpenAiModels(text: string, { digest, model }: EngineSettings): EngineModel[] | undefined {
  const data = parseObject(text)?.data;
  if (!Array.isArray(data)) return undefined;
  return data.flatMap((each: Fields | null) => {
    const id = each?.id;
    if (each === null || typeof id !== 'string' || id === '') return [];
    const created = wholeCount(each.created);
    const tag = {
      name: id,
      model: id,
      modified_at: new Date(Math.min(created * 1000, 8.64e15)).toISOString(),
      size: wholeCount((each.meta as Fields | null | undefined)?.size),
      digest: id === model || (model === '' && data.length === 1) ? digest : '',
      details: {},
    };
    return [{ id, ownedBy: typeof each.owned_by === 'string' ? each.owned_by : 'openai', created, tag }];
  });
}
