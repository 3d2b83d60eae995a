import { firstCodePoints } from './code-points.ts';
import { PipelineFault, quote } from './yaml-reader.ts';

/** One line of a file of documents. */
export interface SourceDocument {
  readonly id: string;
  readonly text: string;
  readonly metadata: unknown;
}

/** A part of a document that is found as a whole. */
export interface Chunk {
  /** The document's; from the second part on with its number: `guide#2`. */
  readonly id: string;
  readonly text: string;
  readonly metadata: unknown;
}

export const MOST_DOCUMENT_BYTES = 32 << 20;
/** All of them are compared with every question, and kept in memory. */
const MOST_CHUNKS = 20_000;
const MOST_ID = 200;
const OVERLAP = 100;
const KEYS = ['id', 'text', 'metadata'];

/**
 * Reads JSON lines `{"id"?, "text", "metadata"?}`; empty lines are none. A whole number as id is its text, and a
 * document without one has its line's number.
 *
 * @throws PipelineFault with `FILE:LINE:1: reason`
 */
export function parseDocuments(text: string, file: string): SourceDocument[] {
  const lines = new Map<string, number>();
  const documents = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) => {
      if (line.trim() === '') return [];
      const number = index + 1;
      const fault = (reason: string) => new PipelineFault(`${file}:${number}:1: ${reason}`);
      const document = parseDocument(line, String(number), fault);
      const before = lines.get(document.id);
      if (before !== undefined) throw fault(`id ${quote(document.id)} is that of line ${before}, too`);
      lines.set(document.id, number);
      return [document];
    });
  if (documents.length === 0) throw new PipelineFault(`${file}:1:1: has no documents`);
  return documents;
}

function parseDocument(line: string, number: string, fault: (reason: string) => Error): SourceDocument {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw fault('is not JSON: write one object per line, for example {"text": "..."}');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault('is no object with a text');
  const { id = number, text, metadata = null } = value as Record<string, unknown>;
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw fault(`unknown key ${quote(unknown)}: a document has id, text and metadata`);
  if (typeof text !== 'string' || text.trim() === '') throw fault('text must be a text that is not empty');
  // Sets of data number their rows.
  const name = Number.isSafeInteger(id) ? String(id) : id;
  if (typeof name !== 'string' || name === '' || name.length > MOST_ID)
    throw fault(`id must be a text of at most ${MOST_ID} characters, or a whole number below 2^53`);
  if (typeof metadata !== 'object' || Array.isArray(metadata)) throw fault('metadata must be an object');
  return { id: name, text, metadata };
}

/**
 * Cuts documents into parts of `size` code points, each of which begins 100 before the last one ended.
 *
 * @throws PipelineFault for more parts than an index holds
 */
export function chunksOf(documents: readonly SourceDocument[], size: number, file: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (const { id, text, metadata } of documents) {
    const parts = chunkText(text, size);
    parts.forEach((part, index) => {
      chunks.push({ id: index === 0 ? id : `${id}#${index + 1}`, text: part, metadata });
    });
    if (chunks.length > MOST_CHUNKS) {
      throw new PipelineFault(
        `${file}:1:1: makes more than ${MOST_CHUNKS} parts of ${size} characters: more than the index holds`,
      );
    }
  }
  return chunks;
}

/** @param size in code points */
export function chunkText(text: string, size: number): string[] {
  const step = size - Math.min(OVERLAP, Math.floor(size / 2));
  const parts: string[] = [];
  for (let rest = text; ; ) {
    const part = firstCodePoints(rest, size);
    parts.push(part);
    if (part.length === rest.length) return parts;
    rest = rest.slice(firstCodePoints(rest, step).length);
  }
}
