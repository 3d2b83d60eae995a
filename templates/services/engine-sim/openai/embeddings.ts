import type { ServerResponse } from 'node:http';
import { type EmbedReply, embed, embeddingModel, textsOf } from '../embed.ts';
import { EngineError } from '../engine-error.ts';
import { type Fields, textOf } from '../fields.ts';
import type { Engine } from '../run.ts';

/** What is refused before a model is looked at. @throws EngineError 400 in Ollama's words */
export function checkEmbeddings({ input, encoding_format }: Fields): void {
  const format = textOf(encoding_format);
  if (format !== '' && !isFormat(format, 'float') && !isFormat(format, 'base64')) {
    const supported = "['float', 'base64']";
    throw new EngineError(400, `Invalid value for 'encoding_format' = ${format}. Supported values: ${supported}.`);
  }
  if (input === undefined || input === null || (Array.isArray(input) && input.length === 0)) {
    throw new EngineError(400, 'invalid input');
  }
}

/** `POST /v1/embeddings`. */
export function handleEmbeddingsV1(engine: Engine, request: Fields, outgoing: ServerResponse, end: EmbedReply): void {
  const asked = textOf(request.model);
  const texts = request.input === '' ? [''] : textsOf(request.input);
  const inBase64 = isFormat(textOf(request.encoding_format), 'base64');
  const { dimensions } = request;
  embed(engine, { model: embeddingModel(engine, asked), texts, request: { dimensions } }, outgoing, {
    done({ vectors, tokens }) {
      const data = vectors.map((vector, index) => ({
        object: 'embedding',
        embedding: inBase64 ? base64Of(vector) : vector,
        index,
      }));
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      end.send({ object: 'list', data, model: asked, usage, simulated: true });
    },
    failed: end.failed,
  });
}

function isFormat(given: string, name: string): boolean {
  return given.toLowerCase() === name;
}

/** Floats of 32 bits, the lowest byte first. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
