import type { OpenStep } from '../step-kind.ts';
import { jsonService, listIn } from './json-service.ts';
import { asDocuments, asText, asVector, documentsOutput } from './values.ts';

const DEFAULT_TOP = 8;

/** Documents from a service that keeps them, as OPEA's retrievers answer. */
export const retrieve: OpenStep = (step, { remotes }) => {
  const service = jsonService(step, remotes);
  return {
    usesEngine: false,
    keepsTime: true,
    async run({ inputs, run }) {
      const { vector, top = DEFAULT_TOP } = inputs;
      const text = asText(inputs.input);
      const embedding = vector === undefined ? {} : { embedding: asVector(vector, run.who) };
      const body = { input: text, text, ...embedding, search_type: 'similarity', k: top };
      const { json, address, attempts } = await service.ask(body, run);
      const documents = asDocuments(listIn(json, 'retrieved_docs', run.who), run.who).slice(0, top as number);
      return { output: documentsOutput(documents), address, attempts };
    },
    close: () => service.close(),
  };
};
