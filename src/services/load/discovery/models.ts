import { z } from 'zod';
import { printable } from '../../chain/excerpt.ts';

/** A model that a server lists. */
export interface ListedModel {
  readonly name: string;
  /** It embeds, ranks, draws or listens: it answers no prompt with text. */
  readonly isOther: boolean;
  readonly owner: string | undefined;
  /** It is a service's own: the one that is meant where none is named. */
  readonly isOwn?: true;
}

/** A graph of steps that a service offers as a model: all of a chain, and for chats only. */
export function isGraph({ owner }: ListedModel): boolean {
  return owner === 'chainctl';
}

const entry = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  model: z.string().optional(),
  owned_by: z.string().optional(),
  type: z.string().optional(),
  capabilities: z.array(z.string()).optional().catch(undefined),
  details: z
    .looseObject({ family: z.string().optional(), families: z.array(z.string()).nullish() })
    .optional()
    .catch(undefined),
});

const list = z.union([
  // Ollama without a model lists null.
  z.looseObject({ data: z.array(entry).nullable(), models: z.array(entry).optional().catch(undefined) }),
  z.looseObject({ data: z.undefined().optional(), models: z.array(entry).nullable() }),
  z.array(entry).transform((data) => ({ data, models: undefined })),
]);

/** More are not looked at: they come from the network. */
const MAX_MODELS = 5000;
const MAX_NAME = 200;

/** Words in the names of models that do not answer with text, and of families that only embed. */
const OTHER_NAME = /embed|rerank|(^|[-_/:.])(bge|minilm|whisper|tts|dall-e|moderation)([-_/:.]|$)/i;
const OTHER_TYPE = /embed|rerank|image|audio|moderation|transcri|speech/i;
const OTHER_FAMILY = /bert/i;
const ANSWERS = /completion|chat|generat|text/i;

/**
 * The models of a list as OpenAI (`data`), Ollama (`models`) or both in one have it.
 *
 * @returns undefined for what is no list of models
 */
export function readModels(body: unknown): ListedModel[] | undefined {
  const { success, data: read } = list.safeParse(body);
  if (!success) return undefined;
  const found = new Map<string, ListedModel>();
  for (const each of [...(read.data ?? []), ...(read.models ?? [])].slice(0, MAX_MODELS)) {
    const name = each.id ?? each.model ?? each.name ?? '';
    if (name === '' || name.length > MAX_NAME || printable(name) !== name) continue;
    const known = found.get(name);
    found.set(name, {
      name,
      isOther: known?.isOther === true || isOther(name, each),
      owner: known?.owner ?? each.owned_by,
    });
  }
  return [...found.values()];
}

function isOther(name: string, { type, capabilities, details }: z.infer<typeof entry>): boolean {
  const families = [details?.family ?? '', ...(details?.families ?? [])];
  const cannot =
    capabilities !== undefined && capabilities.length > 0 && !capabilities.some((each) => ANSWERS.test(each));
  return (
    cannot || OTHER_NAME.test(name) || OTHER_TYPE.test(type ?? '') || families.some((each) => OTHER_FAMILY.test(each))
  );
}

/**
 * Which model of a list is meant where none was named: a service's graph where requests are chats, its own, or the only one
 * that answers.
 *
 * @returns the names of all that answer where several could be meant, or none
 */
export function chooseModel(models: readonly ListedModel[], operation = 'chat'): ListedModel | readonly string[] {
  const graph = models.find(isGraph);
  if (graph !== undefined && operation === 'chat') return graph;
  const answering = models.filter((each) => !each.isOther && !isGraph(each));
  const [only, another] = answering;
  const meant = models.find(({ isOwn }) => isOwn) ?? (another === undefined ? only : undefined);
  return meant ?? answering.map(({ name }) => name);
}

const SHOWN = 10;

/** `a, b and 12 more`. */
export function someNames(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}
