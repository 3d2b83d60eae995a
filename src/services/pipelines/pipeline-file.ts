import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Chunk, chunksOf, MOST_DOCUMENT_BYTES, parseDocuments } from './documents.ts';
import type { Pipeline, StepModel } from './pipeline.ts';
import { PipelineFault, readPipeline } from './read-pipeline.ts';
import type { Variables } from './variables.ts';

/** A file that belongs to a pipeline. */
interface CarriedFile {
  /** Beside the others: a plain name. */
  readonly name: string;
  readonly content: Buffer;
}

export interface LoadedPipeline {
  readonly pipeline: Pipeline;
  /** What the engine has to have for it. */
  readonly models: readonly StepModel[];
  /** What its indexes hold, by step. */
  readonly chunks: Readonly<Record<string, readonly Chunk[]>>;
  /** The pipeline's file, then the others that it names. */
  readonly files: readonly CarriedFile[];
}

const DEFAULT_CHUNK = 800;
/** What a machine's file system, an archive and a shell all take as it is. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MOST_FILE_BYTES = 1 << 20;

/**
 * Reads a pipeline and the files that it names, and validates all of it.
 *
 * @param path as it is said in faults
 * @throws PipelineFault, one line that begins with the file and the place
 */
export function loadPipeline(path: string, variables: Variables): LoadedPipeline {
  const folder = dirname(path);
  const text = textOf(path, read(path, MOST_FILE_BYTES, path));
  const documents = new Map<string, Buffer>();
  const fileFault = (name: string) => {
    if (!PLAIN_NAME.test(name)) return 'is no plain name of a file beside the pipeline';
    try {
      documents.set(name, read(join(folder, name), MOST_DOCUMENT_BYTES, name));
    } catch (error) {
      if (error instanceof PipelineFault) return error.message.replace(/^.*?:1:1: /, '');
      throw error;
    }
    return undefined;
  };
  const { pipeline, models } = readPipeline({ text, file: path, variables, fileFault });
  const chunks = pipeline.steps.flatMap(({ name, kind, inputs }) => {
    if (kind !== 'index') return [];
    const file = literal(inputs.documents) as string;
    const place = join(folder, file);
    const parsed = parseDocuments(textOf(place, documents.get(file) as Buffer), place);
    return [[name, chunksOf(parsed, (literal(inputs.chunk) as number | undefined) ?? DEFAULT_CHUNK, place)] as const];
  });
  return {
    pipeline,
    models,
    chunks: Object.fromEntries(chunks),
    files: [
      { name: basename(path), content: Buffer.from(text) },
      ...[...documents].map(([name, content]) => ({ name, content })),
    ],
  };
}

function literal(value: Pipeline['steps'][number]['inputs'][string] | undefined): unknown {
  return value?.kind === 'literal' ? value.value : undefined;
}

/** @throws PipelineFault */
function read(path: string, most: number, says: string): Buffer {
  const fault = (reason: string) => new PipelineFault(`${says}:1:1: ${reason}`);
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw fault('is no file');
    if (stats.size > most) throw fault(`is larger than ${most >> 20} MiB`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof PipelineFault) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw fault(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`);
  }
}

function textOf(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PipelineFault(`${path}:1:1: is not UTF-8`);
  }
}
