import { readFileSync } from 'node:fs';
import type { Pipeline } from '../../../../src/services/pipelines/pipeline.ts';
import { loadPipeline } from '../../../../src/services/pipelines/pipeline-file.ts';
import { PipelineFault } from '../../../../src/services/pipelines/read-pipeline.ts';
import { type Env, EnvError } from '../../common/env.ts';
import { redactor, secretsOfHeaders, secretsOfUrl } from '../../common/redact.ts';
import { builtInPipeline } from './built-in.ts';
import type { Graph } from './graph.ts';
import { KINDS } from './kinds.ts';
import { PipelineGraph } from './pipeline-graph.ts';
import type { StepDeps } from './step-kind.ts';

/**
 * The graph that `CHAIN_FILE` names, or the built-in one.
 *
 * @param secrets keys of A's own
 * @param promptChars what A's model sees of a prompt of the built-in graph, in code points
 * @throws EnvError with the file and the place of what is wrong in it
 */
export function openGraph(
  env: Env,
  deps: Omit<StepDeps, 'chunks' | 'indexFolder' | 'redact'>,
  secrets: readonly (string | undefined)[],
  promptChars: number,
): Graph {
  const path = env.text('CHAIN_FILE', '');
  const indexFolder = env.text('INDEX_DIR', '/logs/index');
  if (path === '') {
    const whole = { ...deps, chunks: {}, indexFolder, redact: redactor(secrets) };
    return new PipelineGraph(builtInPipeline(promptChars), whole, KINDS, { isBuiltIn: true });
  }
  const carried = carriedVariables(env);
  const used = new Set<string>();
  const variables = (name: string) => {
    if (name === 'ENGINE_URL') return deps.engineUrl;
    const value = carried[name] ?? env.raw(name);
    if (value !== undefined) used.add(value);
    return value;
  };
  try {
    const { pipeline, chunks } = loadPipeline(path, variables);
    const redact = redactor([...secrets, ...secretsOf(pipeline, [...used])]);
    return new PipelineGraph(pipeline, { ...deps, chunks, indexFolder, redact }, KINDS);
  } catch (error) {
    if (error instanceof PipelineFault) throw new EnvError(error.message);
    throw error;
  }
}

/** Of a file's variables, URLs and headers what is nobody else's business; the names of machines are in every message. */
function secretsOf({ steps }: Pipeline, variables: readonly string[]): string[] {
  const urls = steps.flatMap((step) => step.urls);
  const hosts = urls.map((url) => new URL(url).host);
  // Of a URL not the machine, which is in every step's address.
  const hidden = variables
    .map((value) => (/^https?:\/\//i.test(value) && URL.canParse(value) ? new URL(value).pathname : value))
    .filter((value) => !hosts.some((host) => host.includes(value.toLowerCase())));
  return [
    ...hidden,
    ...[...variables, ...urls].flatMap(secretsOfUrl),
    ...steps.flatMap((step) => secretsOfHeaders(step.headers)),
  ];
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
