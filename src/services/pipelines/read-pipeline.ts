import { checkGraph } from './check-graph.ts';
import type { Pipeline, StepModel } from './pipeline.ts';
import { readStep, readTimeout } from './read-step.ts';
import type { Variables } from './variables.ts';
import { didYouMean, quote, YamlReader } from './yaml-reader.ts';

export { PipelineFault } from './yaml-reader.ts';

export interface PipelineSource {
  /** The file's content. */
  readonly text: string;
  /** Its name in faults. */
  readonly file: string;
  readonly variables: Variables;
  /** Why a file beside it cannot be used, for example that it is not there; undefined where it can. */
  readonly fileFault: (name: string) => string | undefined;
}

const KEYS = ['version', 'name', 'timeout', 'steps'];
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const MOST_STEPS = 32;

/**
 * Reads and validates a pipeline as contract 4 has it. Pure.
 *
 * @throws PipelineFault with `FILE:LINE:COLUMN: reason` of the first fault
 */
export function readPipeline({ text, file, variables, fileFault }: PipelineSource): {
  readonly pipeline: Pipeline;
  /** In the order of the file. */
  readonly models: readonly StepModel[];
} {
  const reader = new YamlReader(text, file, variables);
  const fields = new Map(reader.entries(reader.root, 'a pipeline').map((entry) => [entry.key, entry]));
  for (const entry of fields.values()) {
    if (!KEYS.includes(entry.key)) {
      throw reader.fault(
        entry,
        `unknown key ${quote(entry.key)}${didYouMean(entry.key, KEYS) || ': a pipeline has version, name, timeout and steps'}`,
      );
    }
  }
  const version = fields.get('version');
  if (version === undefined) throw reader.fault(reader.root, 'a pipeline needs "version: 1"');
  if (reader.scalar(version) !== 1) throw reader.fault(version, 'version must be 1');
  const named = fields.get('name');
  const name = named === undefined ? 'chain' : reader.text(named, 'name');
  if (named !== undefined && !NAME.test(name)) {
    throw reader.fault(
      named,
      `${quote(name)} is no name of a pipeline: a letter, then letters, digits and -, at most 32, in lower case`,
    );
  }
  const timeout = fields.get('timeout');
  const timeoutMs = timeout === undefined ? undefined : readTimeout(reader, timeout, 'timeout') * 1000;
  const at = fields.get('steps');
  if (at === undefined) throw reader.fault(reader.root, 'a pipeline needs steps');
  const entries = reader.entries(at, 'steps');
  if (entries.length === 0) throw reader.fault(at, 'a pipeline needs at least one step');
  const extra = entries[MOST_STEPS];
  if (extra !== undefined) throw reader.fault(extra, `a pipeline has at most ${MOST_STEPS} steps`);
  const raw = entries.map((entry) => readStep(reader, entry));
  const { steps, leaf } = checkGraph(reader, raw);
  for (const { file: needed } of steps) {
    const reason = needed === undefined ? undefined : fileFault(needed.name);
    if (needed !== undefined && reason !== undefined) throw reader.fault(needed.at, `${quote(needed.name)} ${reason}`);
  }
  return {
    pipeline: { name, timeoutMs, steps: steps.map(({ step }) => step), leaf },
    models: raw.flatMap(({ step, model }) =>
      model === undefined ? [] : [{ model: model.name, step: step.name, at: reader.placeOf(model.at) }],
    ),
  };
}
