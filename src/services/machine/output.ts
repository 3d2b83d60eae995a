const MAX_TEXT = 256 * 1024;
const MAX_LINE = 2000;
const TAIL_LINES = 40;

/** Collects what a command writes within bounds, and tells each line as it comes. */
export class OutputCollector {
  /** The end of stdout. */
  text = '';
  /** The last lines of both that were not empty, oldest first. */
  readonly tail: string[] = [];
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #partial = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const text = this.#decoders[stream].decode(chunk, { stream: true });
    if (stream === 'stdout') this.text = (this.text + text).slice(-MAX_TEXT);
    this.#split(stream, text);
  }

  /** To be called when nothing more comes: the last line may have no end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#split(stream, '\n');
  }

  #split(stream: 'stdout' | 'stderr', text: string): void {
    // Progress bars end their lines with a carriage return.
    const lines = (this.#partial[stream] + text).split(/\r\n|\n|\r/);
    this.#partial[stream] = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) {
      if (line.trim() === '') continue;
      const short = line.slice(0, MAX_LINE).trimEnd();
      this.tail.push(short);
      if (this.tail.length > TAIL_LINES) this.tail.shift();
      this.#onLine?.(short);
    }
  }
}
