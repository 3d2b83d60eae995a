import type { ServerResponse } from 'node:http';
import { EngineError } from './engine-error.ts';
import { SIMULATED_HEADER, sendJson } from './http.ts';

/**
 * Deterministic trouble for tests: `hang` never answers, `reset` breaks the connection in the middle of the body,
 * `garbage` answers 200 with something that is not JSON, `error` answers 500, `hang-all` hangs every path.
 */
export type FaultMode = 'hang' | 'reset' | 'garbage' | 'error' | 'hang-all';

const MODES: readonly string[] = ['hang', 'reset', 'garbage', 'error', 'hang-all'];

/** Applies to the next `remaining` generations (for `hang-all`: to everything but `/sim/`). */
export class Faults {
  #mode: FaultMode | undefined;
  #remaining = 0;

  get state(): { mode: FaultMode | null; remaining: number } {
    return { mode: this.#mode ?? null, remaining: this.#remaining };
  }

  /** `{"mode": "hang", "count": 1}`; a count left out means until cleared. */
  set(body: Readonly<Record<string, unknown>>): void {
    if (typeof body.mode !== 'string' || !MODES.includes(body.mode)) {
      throw new EngineError(400, `mode must be one of ${MODES.join(', ')}`);
    }
    this.#mode = body.mode as FaultMode;
    this.#remaining = typeof body.count === 'number' ? body.count : Infinity;
  }

  clear(): void {
    this.#mode = undefined;
    this.#remaining = 0;
  }

  /** True when a fault has taken the answer over. */
  apply(outgoing: ServerResponse, isGeneration: boolean): boolean {
    if (!this.#mode || this.#remaining <= 0 || (this.#mode !== 'hang-all' && !isGeneration)) return false;
    this.#remaining--;
    switch (this.#mode) {
      case 'hang':
      case 'hang-all':
        return true;
      case 'error':
        sendJson(outgoing, 500, { error: 'simulated failure of the model runner' });
        return true;
      case 'garbage':
        outgoing.writeHead(200, { 'content-type': 'application/json', [SIMULATED_HEADER]: '1' });
        outgoing.end('{"model": "x", "resp');
        return true;
      case 'reset':
        outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
        outgoing.write('{"model": "x", "response": "the beginning of', () => outgoing.socket?.resetAndDestroy());
        return true;
    }
  }
}
