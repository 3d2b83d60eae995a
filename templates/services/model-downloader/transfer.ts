import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ModelDisk, PartOf } from './disk.ts';
import { Broken, diskFault, Fatal } from './faults.ts';
import { contentLength, contentRange, toldSha256, validatorOf } from './heads.ts';
import { Progress } from './progress.ts';
import { type Answer, type Found, find, networkFault, type Send } from './request.ts';
import { type Settings, shownUrl } from './settings.ts';

/** The world around a download. */
export interface World {
  readonly send: Send;
  readonly disk: ModelDisk;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Calls `look` every so many milliseconds until what it returns is called. */
  every(ms: number, look: () => void): () => void;
  say(line: string): void;
}

/** Room that stays free: a full disk breaks more than a download. */
const SPARE_BYTES = 64 * 1024 * 1024;
/** Slower than a kilobyte a second is not slow but broken: the connection is given up, and the next one may be better. */
const STALL_SECONDS = 30;
const STALL_BYTES = STALL_SECONDS * 1024;

/** An unannounced length is checked against the disk this often, bytes. */
const SPACE_EVERY = 16 * 1024 * 1024;

/** A part on its way to a model, over several attempts. */
export class Transfer {
  readonly #settings: Settings;
  readonly #world: World;
  readonly #part: FileHandle;
  readonly #progress: Progress;
  #hash: Hash;
  #offset: number;
  #of: PartOf | undefined;
  #toldSha256: string | undefined;
  #nextLook = 0;

  private constructor(settings: Settings, world: World, part: FileHandle, start: Start) {
    this.#settings = settings;
    this.#world = world;
    this.#part = part;
    this.#hash = start.hash;
    this.#offset = start.offset;
    this.#of = start.of;
    this.#toldSha256 = start.of?.sha256;
    this.#progress = new Progress(start.offset, world.say, world.now);
  }

  /** Takes up the part that an earlier run has left, if any. */
  static async open(settings: Settings, world: World, part: FileHandle): Promise<Transfer> {
    const { disk } = world;
    const of = await disk.partOf();
    const there = (await disk.partSize()) ?? 0;
    const hash = createHash('sha256');
    // Without a validator nobody knows of what it is a beginning; longer than the whole it is none.
    const usable = of !== undefined && there > 0 && there <= (of.total ?? there);
    if (!usable) return new Transfer(settings, world, part, { hash, offset: 0, of: undefined });
    let offset = 0;
    await disk.read('part', (bytes) => {
      hash.update(bytes);
      offset += bytes.length;
    });
    return new Transfer(settings, world, part, { hash, offset, of });
  }

  /** Bytes that are there. */
  get offset(): number {
    return this.#offset;
  }

  /** The checksum of what is there. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** What the file has to be; undefined where nobody says. */
  get expected(): string | undefined {
    return this.#settings.sha256 ?? this.#toldSha256;
  }

  /**
   * One attempt: asks for what is missing, and writes it as it comes.
   *
   * @throws Broken when another attempt may go on; Fatal otherwise
   */
  async attempt(): Promise<void> {
    const resumes = this.#offset > 0 && this.#of !== undefined;
    const range = resumes ? { range: `bytes=${this.#offset}-`, 'if-range': this.#of?.validator ?? '' } : {};
    const watch = new StallWatch(this.#world.every);
    try {
      const found = await find(this.#settings.url, { ...COMMON_HEADERS, ...range }, this.#world.send, watch.signal);
      try {
        if (await this.#accept(found, resumes)) await this.#take(found, watch);
      } finally {
        found.answer.close();
      }
    } catch (error) {
      if (watch.signal.aborted) throw new Stalled(watch.reason);
      throw error;
    } finally {
      watch.stop();
    }
  }

  /** Reads the head. @returns whether a body follows that belongs at the end of the part */
  async #accept({ answer, url, heads }: Found, resumes: boolean): Promise<boolean> {
    const { status, headers } = answer;
    const { first, total } = contentRange(headers);
    if (status === 206 && resumes && this.#continues(answer, first, total)) {
      this.#toldSha256 = toldSha256(heads) ?? this.#toldSha256;
      if (this.expected === undefined && !this.#settings.allowUnverified) throw unverifiable(this.#settings);
      return true;
    }
    if (status === 416 && resumes && total === this.#offset && this.#offset === (this.#of?.total ?? this.#offset)) {
      this.#toldSha256 = toldSha256(heads) ?? this.#toldSha256;
      return false;
    }
    if (status === 200) {
      if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
        throw new Fatal(`${shownUrl(url)} sends the file packed (${headers['content-encoding'].slice(0, 40)})`);
      }
      await this.#startOver(heads, headers);
      return true;
    }
    // What is there is a beginning of another file, or the server does not know ranges as it says.
    const had = this.#offset;
    await this.#forget();
    throw new Broken(
      had === 0 ? `${shownUrl(url)} answers ${status} to a request without a range` : 'the file has changed there',
    );
  }

  #continues({ headers }: Answer, first: number | undefined, total: number | undefined): boolean {
    const known = this.#of?.total;
    if (first !== this.#offset || (known !== undefined && total !== undefined && total !== known)) return false;
    // A server that does not know `if-range` sends the rest of whatever it has now.
    const validator = validatorOf(headers);
    return headers.etag === undefined || validator === undefined || validator === this.#of?.validator;
  }

  async #startOver(heads: Found['heads'], headers: Answer['headers']): Promise<void> {
    this.#toldSha256 = toldSha256(heads);
    if (this.expected === undefined && !this.#settings.allowUnverified) throw unverifiable(this.#settings);
    const validator = validatorOf(headers);
    const total = contentLength(headers);
    this.#of = validator === undefined ? undefined : { validator, total, sha256: this.#toldSha256 };
    await this.#onDisk(() => this.#world.disk.restart(this.#part, this.#of));
    this.#reset();
  }

  async #forget(): Promise<void> {
    this.#of = undefined;
    this.#toldSha256 = undefined;
    await this.#onDisk(() => this.#world.disk.restart(this.#part, undefined));
    this.#reset();
  }

  #reset(): void {
    this.#hash = createHash('sha256');
    this.#offset = 0;
    this.#progress.from(0);
  }

  /** Writes the body; the next bytes are read when the last ones are written. */
  async #take({ answer, url }: Found, watch: StallWatch): Promise<void> {
    const length = contentLength(answer.headers);
    const announced = length === undefined ? undefined : this.#offset + length;
    const total = this.#of?.total ?? contentRange(answer.headers).total ?? announced;
    if (total !== undefined) await this.#needSpace(total - this.#offset);
    this.#nextLook = this.#offset;
    const body = answer.body[Symbol.asyncIterator]();
    for (;;) {
      const next = await body.next().catch((error: NodeJS.ErrnoException) => {
        throw networkFault(url, error);
      });
      if (next.done === true) break;
      const bytes = next.value;
      watch.arrived(bytes.length);
      if (total !== undefined && this.#offset + bytes.length > total) {
        await this.#forget();
        throw new Broken(`${shownUrl(url)} sends more than the ${total} bytes that it announced`);
      }
      if (total === undefined && this.#offset >= this.#nextLook) {
        await this.#needSpace(0);
        this.#nextLook = this.#offset + SPACE_EVERY;
      }
      watch.isHeldUp = true;
      await this.#write(bytes);
      watch.isHeldUp = false;
      this.#progress.at(this.#offset, total);
    }
    if (total !== undefined && this.#offset < total) throw new Broken(`${url.host} ended early`);
  }

  async #write(bytes: Buffer): Promise<void> {
    await this.#onDisk(async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#part.write(bytes, done, bytes.length - done, this.#offset + done);
        done += bytesWritten;
      }
    });
    this.#hash.update(bytes);
    this.#offset += bytes.length;
  }

  async #needSpace(bytes: number): Promise<void> {
    const missing = bytes + SPARE_BYTES - (await this.#onDisk(() => this.#world.disk.free()));
    if (missing > 0) throw new Fatal(`needs ${Math.ceil(missing / 1e6)} MB more in ${this.#settings.folder}`);
  }

  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof Fatal ? error : diskFault(error, this.#settings.folder);
    }
  }
}

interface Start {
  readonly hash: Hash;
  readonly offset: number;
  readonly of: PartOf | undefined;
}

/** Bytes as they are on the server: a packed answer has other lengths and ranges. */
export const COMMON_HEADERS = { 'user-agent': 'chainctl-model-downloader', 'accept-encoding': 'identity' };

/** A connection that says too little. */
export class Stalled extends Broken {}

/** Gives a connection up that brings next to nothing for half a minute. */
class StallWatch {
  readonly #abort = new AbortController();
  readonly #stop: () => void;
  #bytes = 0;
  reason = '';
  /** While the disk is waited for, the network is not to blame. */
  isHeldUp = false;

  constructor(every: World['every']) {
    this.#stop = every(STALL_SECONDS * 1000, () => this.#look());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    if (this.#bytes < STALL_BYTES && !this.isHeldUp) {
      this.reason = `only ${this.#bytes} bytes in ${STALL_SECONDS} s`;
      this.#abort.abort();
    }
    this.#bytes = 0;
  }
}

export function unverifiable({ url }: Settings): Fatal {
  const text = `${shownUrl(url)} tells no SHA-256 of the file: set MODEL_SHA256`;
  return new Fatal(`${text}, or MODEL_ALLOW_UNVERIFIED=1 to take whatever comes`, 2);
}
