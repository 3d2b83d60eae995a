import type { OpenStep } from '../step-kind.ts';
import { StepProblem } from '../step-problem.ts';
import { jsonService, listIn } from './json-service.ts';
import { asDocuments, asText, documentsOutput, type FoundDocument } from './values.ts';

interface Question {
  readonly query: string;
  readonly documents: readonly FoundDocument[];
  readonly top: number;
  readonly model: string;
}

interface Shape {
  body(question: Question): unknown;
  read(json: unknown, documents: readonly FoundDocument[], who: string): FoundDocument[];
}

const SHAPES: Readonly<Record<string, Shape>> = {
  jina: {
    body: ({ query, documents, top, model }) => ({
      ...(model === '' ? {} : { model }),
      query,
      documents: documents.map(({ text }) => text),
      top_n: top,
    }),
    read: (json, documents, who) =>
      listIn(json, 'results', who).map((each) => {
        const { index, relevance_score: score } = (each ?? {}) as { index?: unknown; relevance_score?: unknown };
        const document = documents[index as number];
        if (document !== undefined && Number.isFinite(score)) return { ...document, score: score as number };
        throw new StepProblem(502, `${who} error: answered with a result that names no document and score`);
      }),
  },
  opea: {
    body: ({ query, documents, top }) => ({
      input: query,
      retrieved_docs: documents.map(({ id, text, metadata }) => ({ id, text, metadata: metadata ?? {} })),
      top_n: top,
    }),
    read: (json, documents, who) =>
      asDocuments(listIn(json, 'reranked_docs', who), who).map(({ text, score, ...rest }) => {
        const same = documents.find((each) => each.text === text);
        return { ...rest, ...same, text, score };
      }),
  },
};

/** Documents by how well they answer a question: by the own engine's server, or by a service. */
export const rerank: OpenStep = (step, deps) => {
  const isOwn = step.urls.length === 0;
  const own = { ...step, urls: [`${deps.engineUrl}/v1/rerank`], headers: deps.engineHeaders };
  const service = jsonService(isOwn ? own : step, deps.remotes);
  const shape = SHAPES[step.shape ?? 'jina'] as Shape;
  return {
    usesEngine: isOwn,
    keepsTime: true,
    async run({ inputs, run }) {
      const documents = asDocuments(inputs.documents, run.who);
      // Services refuse to order nothing.
      if (documents.length === 0) return { output: documentsOutput([]) };
      const top = Math.min((inputs.top as number | undefined) ?? documents.length, documents.length);
      const body = shape.body({ query: asText(inputs.query), documents, top, model: asText(inputs.model) });
      const { json, address, attempts } = await service.ask(body, run);
      const ordered = shape.read(json, documents, run.who);
      ordered.sort((one, other) => (other.score ?? 0) - (one.score ?? 0));
      return { output: documentsOutput(ordered.slice(0, top)), address, attempts };
    },
    close: () => service.close(),
  };
};
