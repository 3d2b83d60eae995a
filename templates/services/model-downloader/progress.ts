/** Between two lines. */
const EVERY_MS = 5000;

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

/** Says how far a download is, every five seconds: `412 of 808 MB (51 %), 9.8 MB/s`. */
export class Progress {
  readonly #say: (line: string) => void;
  readonly #now: () => number;
  #lastMs: number;
  #lastBytes: number;

  /** @param bytes that are there at the beginning */
  constructor(bytes: number, say: (line: string) => void, now: () => number) {
    this.#say = say;
    this.#now = now;
    this.#lastMs = now();
    this.#lastBytes = bytes;
  }

  /** Called with what there is, as often as one likes. */
  at(bytes: number, total: number | undefined): void {
    const now = this.#now();
    const elapsed = now - this.#lastMs;
    if (elapsed < EVERY_MS) return;
    this.#say(progressText(bytes, total, ((bytes - this.#lastBytes) / elapsed) * 1000));
    this.#lastMs = now;
    this.#lastBytes = bytes;
  }

  /** After a part has been thrown away, what came so far counts no more. */
  from(bytes: number): void {
    this.#lastBytes = bytes;
  }
}

/** @param perSecond bytes. Pure. */
function progressText(bytes: number, total: number | undefined, perSecond: number): string {
  const rate = `${(Math.max(0, perSecond) / 1e6).toFixed(1)} MB/s`;
  if (total === undefined) return `${megabytes(bytes)} MB, ${rate}`;
  // Rounded down: 100 % is said of what is complete.
  const share = total === 0 ? 100 : Math.floor((bytes / total) * 100);
  return `${megabytes(bytes)} of ${megabytes(total)} MB (${share} %), ${rate}`;
}
