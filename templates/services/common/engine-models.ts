import { canonicalModelName } from '../../../src/services/chain/model-name.ts';
import { parseObject } from './engine-error.ts';

/** A model that the engine has, as `/api/tags` lists it. */
export interface ListedModel {
  readonly name: string;
  readonly digest: string | undefined;
}

/** A model that the engine has loaded, or is loading or unloading: `/api/ps` does not tell these apart. */
export interface RunningModel extends ListedModel {
  /** Tokens; undefined where the engine does not tell. */
  readonly context: number | undefined;
  /** When it will be unloaded if nobody asks for it, RFC 3339; undefined where the engine does not tell. */
  readonly expiresAt: string | undefined;
}

/** What `/api/show` tells about a model, as far as it says with what a load ends. */
export interface ModelFacts {
  /** The file that Ollama loads: one file is loaded once, under whichever name asked first. */
  readonly file: string | undefined;
  /** The tokens for which the model was trained. */
  readonly trainedContext: number | undefined;
  readonly vision: boolean;
}

/** The models of `/api/tags` or `/api/ps` that have a name; undefined for an answer that is none. */
export function parseModels(text: string): RunningModel[] | undefined {
  const models = parseObject(text)?.models;
  if (!Array.isArray(models)) return undefined;
  return models.flatMap((model: Record<string, unknown> | null) => {
    const name = nonEmpty(model?.name) ?? nonEmpty(model?.model);
    if (name === undefined) return [];
    const context = model?.context_length;
    return {
      name: canonicalModelName(name),
      digest: nonEmpty(model?.digest),
      // Ollama leaves a 0 out.
      context: typeof context === 'number' && context > 0 ? context : undefined,
      expiresAt: nonEmpty(model?.expires_at),
    };
  });
}

/** Finds the model by its name, or under another name that it also has. */
export function findModel<T extends ListedModel>(models: readonly T[], wanted: ListedModel): T | undefined {
  return (
    models.find(({ name }) => name === wanted.name) ??
    models.find(({ digest }) => digest !== undefined && digest === wanted.digest)
  );
}

export function parseFacts(text: string): ModelFacts {
  const body = parseObject(text);
  const info = (body?.model_info ?? {}) as Record<string, unknown>;
  const trained = info[`${nonEmpty(info['general.architecture'])}.context_length`];
  return {
    file: /^FROM\s+(\S.*)$/m.exec(nonEmpty(body?.modelfile) ?? '')?.[1]?.trim(),
    trainedContext: typeof trained === 'number' && trained > 0 ? trained : undefined,
    vision: Array.isArray(body?.capabilities) && body.capabilities.includes('vision'),
  };
}

/**
 * The context that Ollama gives a model that is asked for with `numCtx`: at least 4, at least 2048 where the model sees
 * images, and no more than it was trained for (server/sched.go and llm/server.go of v0.17.4).
 */
export function contextOf(numCtx: number, { vision, trainedContext }: ModelFacts): number {
  return Math.min(Math.max(numCtx, vision ? 2048 : 4), trainedContext ?? Infinity);
}

/** How a model is loaded. */
export interface Residence {
  /** Tokens; undefined where the engine does not tell. */
  readonly context: number | undefined;
  /** What it should be. */
  readonly wantedContext: number;
  /** It is what chats have, and larger than what generations ask for: that is as good. */
  readonly isForChats?: boolean;
  readonly expiresAt: string | undefined;
}

/** Milliseconds until a model will be unloaded; undefined where that or the engine's own time is not known. */
export function remainingMs({ expiresAt }: Residence, engineNow: number | undefined): number | undefined {
  const end = expiresAt === undefined ? undefined : parseTime(expiresAt);
  return end === undefined || engineNow === undefined ? undefined : end - engineNow;
}

/** What is known of an engine's time is right to about so much, in milliseconds. */
const CLOCK_MS = 1000;

/** Whether a model is at its end, as far as is known. */
export function isOver(residence: Residence, engineNow: number | undefined): boolean {
  const remaining = remainingMs(residence, engineNow);
  return remaining !== undefined && remaining <= CLOCK_MS;
}

/** A time of RFC 3339 in milliseconds since 1970; undefined for another text. */
export function parseTime(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Why a model that this program had loaded does not count as loaded any more. */
export interface Loss {
  readonly because: string;
  /** The engine is still at it. */
  readonly underWay?: boolean;
}

/**
 * Holds what `/api/ps` says against what an own load has brought about.
 * @param known the `expiresAt` of the last time; undefined just after a load
 * @param engineNow the engine's own time, in milliseconds since 1970; undefined where it is not known
 */
export function lossOf(
  found: Residence | undefined,
  known: string | undefined,
  engineNow: number | undefined,
): Loss | undefined {
  if (!found) return { because: 'it was unloaded' };
  const { context, wantedContext, expiresAt } = found;
  if (context !== undefined && context !== wantedContext) {
    const but = `with a context of ${context} instead of ${wantedContext}`;
    return { because: `it was loaded ${but}, as another client of the engine asks for` };
  }
  // Ollama sets the end to now when it unloads, and lists the model a moment longer. An end that has only come nearer is
  // that of a model in use without a pause: it is set anew when the use pauses.
  const changed = known !== undefined && known !== expiresAt;
  return changed && isOver(found, engineNow) ? { because: 'it was unloaded', underWay: true } : undefined;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
