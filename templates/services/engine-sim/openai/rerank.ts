import type { ServerResponse } from 'node:http';
import { type EmbedReply, embed, embeddingModel } from '../embed.ts';
import { EngineError } from '../engine-error.ts';
import { type Fields, textOf } from '../fields.ts';
import type { Engine } from '../run.ts';
import { cosine } from '../vectors.ts';

/** `POST /v1/rerank`, which llama-server has and Ollama has not: documents by their likeness to a question. */
export function handleRerank(engine: Engine, request: Fields, outgoing: ServerResponse, end: EmbedReply): void {
  const { query, documents, top_n } = request;
  if (typeof query !== 'string') throw new EngineError(400, '"query" must be provided');
  if (!Array.isArray(documents) || documents.length === 0) {
    throw new EngineError(400, '"documents" must be a non-empty string array');
  }
  if (typeof top_n === 'number' && top_n < 1) throw new EngineError(400, '"top_n" must be at least 1');
  const asked = textOf(request.model) || (engine.models.list()[0]?.name ?? '');
  const texts = [query, ...(documents as string[])];
  embed(engine, { model: embeddingModel(engine, asked), texts, request: {} }, outgoing, {
    done({ vectors: [question, ...answers], tokens }) {
      const results = rank(question as number[], answers).slice(0, top_n === undefined ? undefined : (top_n as number));
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      end.send({ model: asked, object: 'list', usage, results, simulated: true });
    },
    failed: end.failed,
  });
}

/** The most alike first; of equal ones the earlier. Vectors of length 1. */
export function rank(question: readonly number[], answers: readonly (readonly number[])[]) {
  return answers
    .map((answer, index) => ({ index, relevance_score: cosine(question, answer) }))
    .sort((one, other) => other.relevance_score - one.relevance_score);
}
