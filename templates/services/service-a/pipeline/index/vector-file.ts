import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Vectors of an index, one after the other. */
export interface Vectors {
  readonly dimensions: number;
  readonly values: Float32Array;
}

const MAGIC = 'chainctl-vectors-1';
const SUFFIX = '.vectors';

/**
 * Vectors that are kept between starts: a line that says what they are, and the numbers. What is not as it was written
 * counts as not there.
 */
export class VectorFile {
  readonly #folder: string;
  readonly #step: string;
  readonly #name: string;

  /** @param key what they were made from: another text, chunking or model is another file */
  constructor(folder: string, step: string, key: string) {
    this.#folder = folder;
    this.#step = step;
    this.#name = `${step}-${sha256(key).slice(0, 32)}${SUFFIX}`;
  }

  /** @returns undefined where there are none, or damaged ones */
  read(count: number): Vectors | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.#folder, this.#name));
    } catch {
      return undefined;
    }
    const end = bytes.subarray(0, 256).indexOf('\n');
    const [magic, dimensions, written, hash] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split(' ');
    const body = bytes.subarray(end + 1);
    const size = Number(dimensions);
    const fits = magic === MAGIC && Number(written) === count && body.length === count * size * 4;
    if (!fits || hash !== sha256(body)) return undefined;
    // A copy: the file's own bytes need not begin where numbers may.
    return { dimensions: size, values: new Float32Array(new Uint8Array(body).buffer) };
  }

  /** Whole or not at all; those of earlier documents are removed. @throws Error of the file system */
  write({ dimensions, values }: Vectors): void {
    mkdirSync(this.#folder, { recursive: true });
    const body = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const head = `${MAGIC} ${dimensions} ${values.length / dimensions} ${sha256(body)}\n`;
    const path = join(this.#folder, this.#name);
    // Several services may share the folder.
    const draft = `${path}.${randomUUID()}.new`;
    writeFileSync(draft, Buffer.concat([Buffer.from(head), body]));
    renameSync(draft, path);
    for (const name of readdirSync(this.#folder))
      if (this.#isOlder(name)) rmSync(join(this.#folder, name), { force: true });
  }

  #isOlder(name: string): boolean {
    const [, step] = /^(.+)-[0-9a-f]{32}\.vectors(?:\.[0-9a-f-]+\.new)?$/.exec(name) ?? [];
    return step === this.#step && name !== this.#name;
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
