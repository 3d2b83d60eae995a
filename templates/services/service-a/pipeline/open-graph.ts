import { readFileSync } from 'node:fs';
import { loadPipeline } from '../../../../src/services/pipelines/pipeline-file.ts';
import { PipelineFault } from '../../../../src/services/pipelines/read-pipeline.ts';
import { type Env, EnvError } from '../../common/env.ts';
import { builtInPipeline } from './built-in.ts';
import type { Graph } from './graph.ts';
import { KINDS } from './kinds.ts';
import { PipelineGraph } from './pipeline-graph.ts';
import type { StepDeps } from './step-kind.ts';

/**
 * The graph that `CHAIN_FILE` names, or the built-in one.
 *
 * @param promptChars what A's model sees of a prompt of the built-in graph, in code points
 * @throws EnvError with the file and the place of what is wrong in it
 */
export function openGraph(env: Env, deps: Omit<StepDeps, 'chunks' | 'indexFolder'>, promptChars: number): Graph {
  const path = env.text('CHAIN_FILE', '');
  const indexFolder = env.text('INDEX_DIR', '/logs/index');
  if (path === '') {
    const whole = { ...deps, chunks: {}, indexFolder };
    return new PipelineGraph(builtInPipeline(promptChars), whole, KINDS, { isBuiltIn: true });
  }
  const carried = carriedVariables(env);
  const variables = (name: string) => (name === 'ENGINE_URL' ? deps.engineUrl : (carried[name] ?? env.raw(name)));
  try {
    const { pipeline, chunks } = loadPipeline(path, variables);
    return new PipelineGraph(pipeline, { ...deps, chunks, indexFolder }, KINDS);
  } catch (error) {
    if (error instanceof PipelineFault) throw new EnvError(error.message);
    throw error;
  }
}

/**
 * What a deploy has taken from the environment of its operator, for the pipeline alone: in a file, since others can read
 * the environment of a container.
 */
function carriedVariables(env: Env): Readonly<Record<string, string>> {
  const path = env.text('CHAIN_VARIABLES_FILE', '');
  if (path === '') return Object.create(null);
  try {
    return Object.assign(Object.create(null), JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new EnvError(`CHAIN_VARIABLES_FILE: "${path}" cannot be read: ${(error as Error).message}`);
  }
}
