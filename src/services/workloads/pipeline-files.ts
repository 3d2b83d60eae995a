import { type RemedyError, remedy } from '../../errors.ts';
import { type LoadedPipeline, loadPipeline } from '../pipelines/pipeline-file.ts';
import { PipelineFault } from '../pipelines/read-pipeline.ts';
import { variablesIn } from '../pipelines/variables.ts';
import type { CarriedFiles } from './carried-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Under these names they are carried, whatever they are called here. No document begins with a dot. */
const CHAIN = '.chain.yaml';
const VARIABLES = '.variables.json';
/** What every service sets itself; here it stands for whatever that will be. */
const OWN = { ENGINE_URL: 'http://engine' };

/**
 * Reads a pipeline and its documents as the service will, with the operator's environment for its variables.
 *
 * @throws RemedyError (exit 2) with the very line that the service would refuse it with
 */
export function readPipelineFiles(path: string, env: Environment): LoadedPipeline {
  try {
    const all: Environment = { ...env, ...OWN };
    return loadPipeline(path, (name) => (Object.hasOwn(all, name) ? all[name] : undefined));
  } catch (error) {
    if (error instanceof PipelineFault) throw refusal(error);
    throw error;
  }
}

function refusal({ message }: PipelineFault): RemedyError {
  const isUnset = /: variable \w+ is not set$/.test(message);
  const steps = isUnset
    ? ['set it in the environment of this command: it is carried to the service in a file']
    : ['docs/pipelines.md has all that a file may say, and an example'];
  return remedy.usage('pipeline-invalid', message, steps);
}

/** What a service needs to run a pipeline elsewhere. @throws RemedyError as {@link readPipelineFiles} */
export function pipelineFiles(path: string, env: Environment): CarriedFiles {
  const [chain, ...documents] = readPipelineFiles(path, env).files;
  const content = chain?.content ?? Buffer.alloc(0);
  const values = [...new Set(variablesIn(content.toString()))].flatMap((name) =>
    Object.hasOwn(OWN, name) || !Object.hasOwn(env, name) ? [] : [[name, env[name]] as const],
  );
  const variables = { name: VARIABLES, content: Buffer.from(JSON.stringify(Object.fromEntries(values))) };
  return {
    files: [{ name: CHAIN, content }, ...documents, ...(values.length === 0 ? [] : [variables])],
    env: (folder, keep) => ({
      CHAIN_FILE: `${folder}/${CHAIN}`,
      ...(keep === undefined ? {} : { INDEX_DIR: `${keep}/index` }),
      ...(values.length === 0 ? {} : { CHAIN_VARIABLES_FILE: `${folder}/${VARIABLES}` }),
    }),
  };
}
