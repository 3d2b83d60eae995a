import { BuildingIndex } from '../index/build-index.ts';
import type { OpenStep } from '../step-kind.ts';
import { StepProblem } from '../step-problem.ts';
import { asVector, documentsOutput } from './values.ts';

const DEFAULT_TOP = 8;

/** The parts of its documents that are nearest to a vector. */
export const index: OpenStep = (step, deps, other) => {
  const { embed } = step.inputs;
  const embedStep = embed?.kind === 'literal' ? String(embed.value) : '';
  const embedder = other(embedStep)?.embedder;
  const chunks = deps.chunks[step.name];
  if (embedder === undefined || chunks === undefined) throw new Error(`step ${step.name} was not validated`);
  const building = new BuildingIndex({
    step: step.name,
    embedStep,
    chunks,
    embedder,
    folder: deps.indexFolder,
    warn: (line) => deps.warn(deps.redact(line)),
  });
  return {
    usesEngine: false,
    get reason() {
      return building.reason && deps.redact(building.reason);
    },
    async run({ inputs, run }) {
      const found = building.index;
      if (found === undefined) throw new StepProblem(502, `${run.who} error: ${building.reason}`);
      const vector = asVector(inputs.vector, run.who);
      if (vector.length !== found.dimensions) {
        const how = `vector has ${vector.length} numbers, those of the index have ${found.dimensions}`;
        throw new StepProblem(502, `${run.who} error: ${how}`);
      }
      const hits = await found.search(vector, (inputs.top as number | undefined) ?? DEFAULT_TOP);
      return {
        output: documentsOutput(
          hits.flatMap(({ index: at, score }) => {
            const chunk = chunks[at];
            return chunk === undefined ? [] : [{ ...chunk, score }];
          }),
        ),
      };
    },
    close: () => building.close(),
  };
};
