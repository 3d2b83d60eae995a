import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, lstat, open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fatal } from './faults.ts';

/** What a part is a beginning of. */
export interface PartOf {
  /** Strong etag or date, for `if-range`. */
  readonly validator: string;
  /** Bytes of the whole file, where they are known. */
  readonly total: number | undefined;
  /** Its checksum as the server told it. */
  readonly sha256: string | undefined;
}

/** What is known of a file that is complete. */
export interface Kept {
  readonly sha256: string;
  readonly size: number;
  /** Milliseconds since 1970, whole; of hand-made records seconds, too. */
  readonly mtime: number;
  /** Digest of where it came from; undefined where the record does not say. */
  readonly source?: string | undefined;
}

interface FileFacts {
  readonly size: number;
  readonly mtime: number;
}

const MODE = 0o644;

/** One model in a folder, and the files beside it. The only thing here that touches the disk. */
export class ModelDisk {
  readonly path: string;
  readonly #folder: string;
  readonly #part: string;
  readonly #etag: string;
  readonly #record: string;

  constructor(folder: string, file: string) {
    this.#folder = folder;
    this.path = join(folder, file);
    this.#part = `${this.path}.part`;
    this.#etag = `${this.path}.part.etag`;
    this.#record = `${this.path}.sha256`;
  }

  /**
   * Locks the model against every other process, also of other containers with the same volume: the kernel takes the lock
   * back when this process ends, however it ends.
   *
   * @returns what gives it back; undefined while another has it
   */
  lock(): (() => void) | undefined {
    const database = new DatabaseSync(`${this.path}.lock`, { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if ((error as { readonly errcode?: number }).errcode === 5) return undefined;
      throw error;
    }
    return () => database.close();
  }

  /** @throws Fatal where something else than a file has the name */
  async facts(): Promise<FileFacts | undefined> {
    return factsOf(this.path);
  }

  async kept(): Promise<Kept | undefined> {
    const text = await textOf(this.#record);
    const [, sha256, size, mtime] = /^([0-9a-f]{64}) (\d{1,15}) (\d{1,15})\s/.exec(`${text ?? ''}\n`) ?? [];
    if (sha256 === undefined) return undefined;
    const source = /^source ([0-9a-f]{16})$/m.exec(text ?? '')?.[1];
    return { sha256, size: Number(size), mtime: Number(mtime), source };
  }

  async keep({ sha256, source }: Pick<Kept, 'sha256' | 'source'>): Promise<void> {
    const facts = await this.facts();
    if (facts === undefined) throw new Fatal(`${this.path} was taken away while it was checked`);
    const lines = [`${sha256} ${facts.size} ${facts.mtime}`, ...(source === undefined ? [] : [`source ${source}`])];
    await this.#write(this.#record, `${lines.join('\n')}\n`);
  }

  /** Removes the model and what is known of it; a part stays. */
  async discard(): Promise<void> {
    await rm(this.#record, { force: true });
    await rm(this.path, { force: true });
  }

  /** Bytes of the part; undefined where there is none. */
  async partSize(): Promise<number | undefined> {
    return (await factsOf(this.#part))?.size;
  }

  async partOf(): Promise<PartOf | undefined> {
    const [validator = '', total = '', sha256] = (await textOf(this.#etag))?.split('\n') ?? [];
    // A damaged one would be sent as a header, and fail each start: the part begins anew.
    if (!/^[\x20-\x7e\x80-\xff]+$/.test(validator)) return undefined;
    return {
      validator,
      total: /^\d{1,15}$/.test(total) ? Number(total) : undefined,
      sha256: /^[0-9a-f]{64}$/.test(sha256 ?? '') ? sha256 : undefined,
    };
  }

  /** Opens the part for writing where it stands. */
  openPart(): Promise<FileHandle> {
    // Neither truncated nor appended: every write says where it goes.
    return open(this.#part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, MODE);
  }

  /** Empties a part, and then says what it will be a beginning of: in this order old bytes never get a new validator. */
  async restart(part: FileHandle, of: PartOf | undefined): Promise<void> {
    await rm(this.#etag, { force: true });
    await part.truncate(0);
    if (of !== undefined) {
      await this.#write(this.#etag, `${of.validator}\n${of.total ?? ''}\n${of.sha256 ?? ''}\n`);
    }
  }

  async discardPart(): Promise<void> {
    await rm(this.#part, { force: true });
    await rm(this.#etag, { force: true });
  }

  /** Makes the part the model: whole on the disk before it has its name. */
  async publish(part: FileHandle): Promise<void> {
    await part.chmod(MODE);
    await part.sync();
    await rm(this.#record, { force: true });
    await rename(this.#part, this.path);
    await this.#syncFolder();
    await rm(this.#etag, { force: true });
  }

  /** Bytes that may still be written. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** Feeds the bytes of the model or its part to a hash. */
  async read(which: 'model' | 'part', onBytes: (bytes: Buffer) => void): Promise<void> {
    const path = which === 'model' ? this.path : this.#part;
    for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) onBytes(bytes as Buffer);
  }

  /** Whole, or as it was before. */
  async #write(path: string, text: string): Promise<void> {
    const beside = `${this.#record}.new`;
    const file = await open(beside, 'w', MODE);
    try {
      await file.writeFile(text);
      await file.chmod(MODE);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await this.#syncFolder();
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function factsOf(path: string): Promise<FileFacts | undefined> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new Fatal(`${path} is not a file: move it away`);
  return { size: found.size, mtime: Math.floor(found.mtimeMs) };
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** What the digest of an address is made of: without what changes with every signature. */
export function sourceDigest({ protocol, host, pathname }: URL): string {
  return createHash('sha256').update(`${protocol}//${host}${pathname}`).digest('hex').slice(0, 16);
}
