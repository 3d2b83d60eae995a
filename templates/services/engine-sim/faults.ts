import type { ServerResponse } from 'node:http';
import { EngineError } from './engine-error.ts';
import type { Fields } from './go-types.ts';
import { SIMULATED_HEADER, sendBody } from './http.ts';
import type { Wire } from './wire.ts';

/**
 * Deterministic trouble for tests. Before an answer: `hang` never answers, `reset` breaks the connection in the middle of
 * the body, `garbage` answers 200 with something that is not JSON, `error` answers 500, `hang-all` hangs every path.
 * In the middle of a stream: `cut` resets the connection, `end-early` ends without the last event, `stall` sends nothing
 * more, `bad-line` sends an event that is not JSON and goes on, `fail` ends as where Ollama's runner dies.
 */
const BEFORE = ['hang', 'reset', 'garbage', 'error', 'hang-all'] as const;
const WITHIN = ['cut', 'end-early', 'stall', 'bad-line', 'fail'] as const;
const MODES = [...BEFORE, ...WITHIN];

type FaultMode = (typeof MODES)[number];

export const BAD_LINE = '{"model": "x", "resp';
/** Ollama's text where its runner ended in the middle of an answer. */
export const RUNNER_FAILURE = 'an error was encountered while running the model: unexpected EOF';

export interface Fault {
  readonly mode: FaultMode;
  /** Tokens of a stream that come before it. */
  readonly after: number;
  /** The text of a `bad-line` or of a failure. */
  readonly line: string | undefined;
}

/** Applies to the next `remaining` generations (for `hang-all`: to everything but `/sim/`). */
export class Faults {
  #fault: Fault | undefined;
  /** Only requests to this path; undefined for all that generate. */
  #path: string | undefined;
  #remaining = 0;

  get state(): Record<string, unknown> {
    const { mode = null, ...rest } = this.#fault ?? {};
    return { mode, remaining: this.#remaining, ...rest, path: this.#path };
  }

  /** `{"mode": "cut", "count": 1, "after": 2, "path": "/api/chat"}`; a count left out means until cleared. */
  set({ mode, count, after, path, line }: Fields): void {
    const known = MODES.find((name) => name === mode);
    if (known === undefined) throw new EngineError(400, `mode must be one of ${MODES.join(', ')}`);
    for (const [name, value] of Object.entries({ count, after })) {
      if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) continue;
      throw new EngineError(400, `${name} must be a whole number, 0 or more`);
    }
    for (const [name, value] of Object.entries({ path, line })) {
      if (value !== undefined && typeof value !== 'string') throw new EngineError(400, `${name} must be a string`);
    }
    this.#fault = { mode: known, after: (after as number | undefined) ?? 2, line: line as string | undefined };
    this.#path = path as string | undefined;
    this.#remaining = (count as number | undefined) ?? Infinity;
  }

  clear(): void {
    this.#fault = undefined;
    this.#path = undefined;
    this.#remaining = 0;
  }

  /**
   * The fault for a request, which is then used up once.
   * @param canBreak false for an answer that cannot go wrong in its middle
   */
  take(path: string, isGeneration: boolean, canBreak = true): Fault | undefined {
    if (!this.#fault || this.#remaining <= 0) return undefined;
    if (!canBreak && WITHIN.some((mode) => mode === this.#fault?.mode)) return undefined;
    const applies = this.#path === undefined ? isGeneration || this.#fault.mode === 'hang-all' : path === this.#path;
    if (!applies) return undefined;
    this.#remaining--;
    return this.#fault;
  }
}

/** Answers in the place of the engine. False for a fault in the middle of an answer. */
export function answerWithFault({ mode, line }: Fault, outgoing: ServerResponse, failure: Wire['failure']): boolean {
  switch (mode) {
    case 'hang':
    case 'hang-all':
      return true;
    case 'error':
      sendBody(outgoing, 500, failure(500, line ?? 'simulated failure of the model runner'), 'application/json');
      return true;
    case 'garbage':
      outgoing.writeHead(200, { 'content-type': 'application/json', [SIMULATED_HEADER]: '1' });
      outgoing.end(line ?? BAD_LINE);
      return true;
    case 'reset':
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      outgoing.write('{"model": "x", "response": "the beginning of', () => outgoing.socket?.resetAndDestroy());
      return true;
    default:
      return false;
  }
}

/** An answer in one piece. With a fault in its middle, half of it comes. */
export function sendWhole(
  outgoing: ServerResponse,
  text: string,
  type: string,
  fault: Fault | undefined,
  wire: Wire['failure'],
): void {
  if (!fault) {
    sendBody(outgoing, 200, text, type);
    return;
  }
  const { mode, line } = fault;
  if (mode === 'fail') {
    sendBody(outgoing, 500, wire(500, line ?? RUNNER_FAILURE), type);
    return;
  }
  if (mode === 'bad-line') {
    sendBody(outgoing, 200, line ?? BAD_LINE, type);
    return;
  }
  if (outgoing.destroyed) return;
  const length = mode === 'end-early' ? {} : { 'content-length': Buffer.byteLength(text) };
  outgoing.writeHead(200, { 'content-type': type, [SIMULATED_HEADER]: '1', ...length });
  const half = text.slice(0, text.length / 2);
  if (mode === 'end-early') outgoing.end(half);
  else outgoing.write(half, () => mode === 'cut' && cut(outgoing));
}

/** Breaks a connection once what was written has gone out. */
export function cut(outgoing: ServerResponse): void {
  const { socket } = outgoing;
  socket?.write('', () => socket.resetAndDestroy());
}
