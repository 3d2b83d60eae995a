import { nearest } from '../../../config/nearest.ts';
import { RemedyError, remedy } from '../../../errors.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { canonicalModelName } from '../../chain/model-name.ts';
import { type ListedModel, someNames } from '../../load/discovery/models.ts';
import type { StepModel } from '../../pipelines/pipeline.ts';
import { shellWord } from '../../words.ts';
import { readPipelineFiles } from '../../workloads/pipeline-files.ts';
import { modelsOf, servicesOf } from './desired.ts';
import type { OpenEngine } from './openai.ts';
import { listModels, ollamaBehind, rootOf } from './openai-models.ts';
import type { LocalRequest } from './request.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface EngineDeps {
  readonly key: string | undefined;
  /** Of the command: a pipeline's variables. */
  readonly env: Environment;
  /** Whether it is going to be deployed: then an engine has to be there. */
  readonly make: boolean;
  readonly signal: AbortSignal;
}

/**
 * The request with the models that the engine has: of one that has a single model, that one is meant where none is named.
 * The warnings are what else there is to know of that engine.
 *
 * @throws RemedyError (exit 3) when it does not answer, wants another key, or lacks a model; (exit 2) when none is named
 *   and it has several
 */
export async function withModels(
  request: LocalRequest,
  engine: OpenEngine,
  { key, env, make, signal }: EngineDeps,
): Promise<{ readonly request: LocalRequest; readonly warnings: readonly string[] }> {
  const unnamed = servicesOf(request).filter(({ name, model }) => {
    return model !== undefined && request.services[name]?.model === undefined;
  });
  const models = await listModels(engine, { key, signal }).catch((error: unknown) => {
    // A plan of what is named needs no engine; where one answers, what it lacks is said before the deploy.
    const isPlanned = !make && unnamed.length === 0 && error instanceof RemedyError && error.code === 'no-engine';
    if (isPlanned) return undefined;
    throw error;
  });
  if (models === undefined) return { request, warnings: [] };
  const lacking = modelsOf(request).find((model) => !isListed(request, model, models));
  if (lacking !== undefined) throw lacksModel(request, { url: engine.url, model: lacking, env }, models);
  const chosen = unnamed.length === 0 ? undefined : onlyModel(engine.url, models, unnamed);
  const services = Object.fromEntries(
    Object.entries(request.services).map(([name, settings]) => [
      name,
      { ...settings, model: settings.model ?? chosen },
    ]),
  );
  const named = chosen === undefined ? request : { ...request, services };
  // A service of ours speaks that API, too, and hands on what its own engine says.
  const isOurs = models.some(({ owner }) => owner === 'chainctl');
  const version = isOurs ? undefined : await ollamaBehind(engine.url, { key, signal });
  return { request: named, warnings: version === undefined ? [] : [adviceOf(engine.url, version, named)] };
}

/** A model of a service has to be listed by its very name; a step's goes to the engine as it stands, and Ollama adds the tag. */
function isListed(request: LocalRequest, model: string, models: readonly ListedModel[]): boolean {
  if (models.some(({ name }) => name === model)) return true;
  const isOfService = Object.values(request.services).some((each) => each.model === model);
  return !isOfService && models.some(({ name }) => name === `${model}:latest`);
}

/** @throws RemedyError (exit 2) where several could be meant, (exit 3) where none answers */
function onlyModel(url: string, models: readonly ListedModel[], unnamed: readonly { readonly name: string }[]): string {
  const answering = models.filter(({ isOther }) => !isOther).map(({ name }) => name);
  const [only, another] = answering;
  if (only !== undefined && another === undefined) return only;
  if (only !== undefined) {
    const fault = `the engine at ${url} has ${answering.length} models: ${shown(answering)}`;
    const flags = unnamed
      .map(({ name }) => `--model-${name} NAME`)
      .toSorted()
      .join(' ');
    throw remedy.usage('usage', fault, [`say which are meant: ${flags}`]);
  }
  const others = models.map(({ name }) => name);
  const has = others.length === 0 ? 'lists no model' : `lists only models that embed or rank: ${shown(others)}`;
  throw remedy.configuration('no-model', `the engine at ${url} ${has}`, ['load a model that answers into that server']);
}

/** Names the flags of the services that ask for it, or the step of the pipeline, and where its file says so. */
function lacksModel(
  request: LocalRequest,
  { url, model, env }: { readonly url: string; readonly model: string; readonly env: Environment },
  models: readonly ListedModel[],
): RemedyError {
  const names = models.map(({ name }) => name);
  const meant = meantBy(model, names);
  const flags = flagsNaming(request, model);
  const [step] = flags.length > 0 ? [] : stepsAsking(request, model, env);
  if (step !== undefined) {
    const fault = `${step.at}: step "${step.step}" wants the model ${model}, which the engine at ${url} does not have; it has ${shown(names)}`;
    return remedy.configuration('no-model', fault, [
      ...(meant === undefined ? [] : [`did you mean "${meant}"? then write that there`]),
      'load that model into the engine, or name one there that it has',
    ]);
  }
  return remedy.configuration('no-model', `the engine at ${url} has no model ${model}; it has ${shown(names)}`, [
    ...(meant === undefined ? [] : [`did you mean: ${flags.map((flag) => `${flag} ${shellWord(meant)}`).join(' ')}`]),
    `choose one of them with ${flags.join(' and ')}`,
  ]);
}

/** Where another model than this one is named: by flags, or in the file of a pipeline. */
export function whereNamed(request: LocalRequest, model: string, env: Environment): string {
  const flags = flagsNaming(request, model);
  const [step] = flags.length > 0 ? [] : stepsAsking(request, model, env);
  return step === undefined
    ? `with ${flags.join(' and ') || '--model-a and --model-b'}`
    : `for the step "${step.step}" at ${step.at}`;
}

function flagsNaming({ services }: Pick<LocalRequest, 'services'>, model: string): string[] {
  return Object.entries(services).flatMap(([name, each]) => (each.model === model ? [`--model-${name}`] : []));
}

function stepsAsking(request: LocalRequest, model: string, env: Environment): StepModel[] {
  return Object.values(request.services).flatMap(({ pipeline }) =>
    typeof pipeline === 'string' ? readPipelineFiles(pipeline, env).models.filter((each) => each.model === model) : [],
  );
}

/** What was probably meant: the same name with its tag, the same with another one, or one with a letter or two changed. */
function meantBy(model: string, names: readonly string[]): string | undefined {
  const wanted = canonicalModelName(model);
  const same = names.find((name) => canonicalModelName(name) === wanted);
  if (same !== undefined) return same;
  const kin = ofFamily(model, names);
  const [only, another] = kin;
  // Of several tags none is nearer to a name without one.
  if (another !== undefined) return model.includes(':') ? nearest(model, kin) : undefined;
  const like = nearest(familyOf(model), names.map(familyOf));
  return only ?? nearest(model, names) ?? ofFamily(like, names)[0];
}

function ofFamily(model: string | undefined, names: readonly string[]): string[] {
  return model === undefined ? [] : names.filter((name) => familyOf(name) === familyOf(model));
}

/** A name without its owner and its tag. */
function familyOf(name: string): string {
  return name.toLowerCase().replace(/^.*\//, '').replace(/:.*$/, '');
}

function shown(names: readonly string[]): string {
  return someNames(names.map((name) => excerpt(name))) || 'none';
}

function adviceOf(url: string, version: string, { services }: LocalRequest): string {
  const models = Object.entries(services).flatMap(([name, { model }]) =>
    model === undefined ? [] : [`--model-${name}`, model],
  );
  const words = ['chainctl', 'deploy', 'local', '--engine', 'ollama', '--engine-url', rootOf(url), ...models];
  return `the engine at ${url} is Ollama (${version}), whose /v1 cuts prompts that do not fit and says nothing of it; its own API refuses them. With your other flags: ${words.map(shellWord).join(' ')}`;
}
