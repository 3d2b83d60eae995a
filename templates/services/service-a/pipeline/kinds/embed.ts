import type { EngineRun } from '../../../common/engine/engine.ts';
import type { OpenStep, StepResult } from '../step-kind.ts';
import { StepProblem } from '../step-problem.ts';
import { jsonService, listIn } from './json-service.ts';
import { asText, asVector } from './values.ts';

interface Embedded extends Omit<StepResult, 'output'> {
  readonly vectors: readonly (readonly number[])[];
}

type Shape = (
  texts: readonly string[],
  model: string,
) => { body: unknown; read: (json: unknown, who: string) => readonly unknown[] };

/** How services ask for vectors, and where these are in the answer. */
const SHAPES: Readonly<Record<string, Shape>> = {
  openai: (input, model) => ({
    body: { ...named(model), input },
    read: (json, who) => inOrder(listIn(json, 'data', who)).map((each) => (each as { embedding?: unknown })?.embedding),
  }),
  ollama: (input, model) => ({
    body: { ...named(model), input },
    read: (json, who) => listIn(json, 'embeddings', who),
  }),
  // Services of OPEA read one of both names, by their version.
  opea: (texts, model) => {
    const input = texts.length === 1 ? texts[0] : texts;
    return { body: { ...named(model), text: input, input }, read: readOpea };
  },
};

/** Texts as vectors: by the own engine, or by a service. */
export const embed: OpenStep = (step, deps) => {
  const service = step.urls.length === 0 ? undefined : jsonService(step, deps.remotes);
  const shape = SHAPES[step.shape ?? 'openai'] as Shape;
  const named = step.inputs.model?.kind === 'literal' ? asText(step.inputs.model.value) : '';

  async function ask(texts: readonly string[], run: EngineRun): Promise<Embedded> {
    if (service === undefined) {
      const model = named || deps.model();
      const { vectors, inputTokens, simulated } = await deps.engine.embed({ model, input: texts }, run);
      return { vectors, usage: { input: inputTokens, output: 0 }, simulated, model, host: deps.host };
    }
    const { body, read } = shape(texts, named);
    const { json, address, attempts } = await service.ask(body, run);
    const vectors = read(json, run.who).map((each) => asVector(each, run.who));
    return { vectors, address, attempts, ...(named === '' ? {} : { model: named }) };
  }

  async function checked(texts: readonly string[], run: EngineRun): Promise<Embedded> {
    const embedded = await ask(texts, run);
    const { length } = embedded.vectors;
    if (length === texts.length) return embedded;
    throw new StepProblem(502, `${run.who} error: answered with ${length} vectors for ${texts.length} texts`);
  }

  return {
    usesEngine: service === undefined,
    keepsTime: service !== undefined,
    // What makes vectors comparable: an index of others is none of this one.
    embedder: {
      id: () => [named || deps.model(), step.shape, ...step.urls].join(' '),
      embed: async (texts, run) => (await checked(texts, run)).vectors,
    },
    async run({ inputs, run }) {
      const texts = Array.isArray(inputs.input) ? inputs.input.map(asText) : [asText(inputs.input)];
      if (texts.length === 0) return { output: { vector: [], vectors: [] } };
      const { vectors, ...rest } = await checked(texts, run);
      return { ...rest, output: { vector: vectors[0], vectors } };
    },
    close: () => service?.close(),
  };
};

function named(model: string): { model?: string } {
  return model === '' ? {} : { model };
}

/** By their `index`, where they have one. */
function inOrder(list: readonly unknown[]): readonly unknown[] {
  const place = (each: unknown) => (each as { index?: unknown } | null)?.index;
  return list.every((each) => Number.isInteger(place(each)))
    ? list.toSorted((one, other) => (place(one) as number) - (place(other) as number))
    : list;
}

function readOpea(json: unknown, who: string): readonly unknown[] {
  const { embedding, data } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  if (Array.isArray(embedding)) return Array.isArray(embedding[0]) ? embedding : [embedding];
  if (Array.isArray(data)) return inOrder(data).map((each) => (each as { embedding?: unknown })?.embedding);
  throw new StepProblem(502, `${who} error: answered with something that has no list "embedding"`);
}
