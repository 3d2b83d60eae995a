const MAX_TEXT = 256 * 1024;
const MAX_LINE = 2000;
const TAIL_LINES = 40;

/** Collects what a command writes within bounds: the end of stdout, the last lines of both, and each line as it comes. */
export class OutputCollector {
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #partial = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #text = '';
  readonly #tail: string[] = [];

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  stdout(chunk: Buffer): void {
    const text = this.#decoders.stdout.decode(chunk, { stream: true });
    this.#text = (this.#text + text).slice(-MAX_TEXT);
    this.#split('stdout', text);
  }

  stderr(chunk: Buffer): void {
    this.#split('stderr', this.#decoders.stderr.decode(chunk, { stream: true }));
  }

  /** To be called when nothing more comes: the last line may have no end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#split(stream, '\n');
  }

  get text(): string {
    return this.#text;
  }

  /** The last lines that were not empty, oldest first. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  #split(stream: 'stdout' | 'stderr', text: string): void {
    // Progress bars end their lines with a carriage return.
    const lines = (this.#partial[stream] + text).split(/\r\n|\n|\r/);
    this.#partial[stream] = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) {
      if (line.trim() === '') continue;
      const short = line.slice(0, MAX_LINE).trimEnd();
      this.#tail.push(short);
      if (this.#tail.length > TAIL_LINES) this.#tail.shift();
      this.#onLine?.(short);
    }
  }
}
