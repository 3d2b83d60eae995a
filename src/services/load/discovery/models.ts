import { z } from 'zod';
import { printable } from '../../chain/excerpt.ts';

/** A model that a server lists. */
export interface ListedModel {
  readonly name: string;
  /** It embeds, ranks, draws or listens: it answers no prompt with text. */
  readonly isOther: boolean;
  readonly owner: string | undefined;
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

/** Which model of a list is meant where none was named: the only one that answers, or a service's own. */
export function chooseModel(models: readonly ListedModel[]): string | readonly string[] {
  const answering = models.filter((each) => !each.isOther);
  // A service of the chain names itself first, and its engine's models behind.
  const [first] = models.some(({ owner }) => owner === 'chainctl') ? models : answering.length === 1 ? answering : [];
  return first === undefined ? answering.map(({ name }) => name) : first.name;
}

const SHOWN = 10;

/** `a, b and 12 more`. */
export function someNames(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}
