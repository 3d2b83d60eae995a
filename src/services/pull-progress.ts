import type { Emit } from '../events.ts';

/** A line of what Ollama says while it pulls. */
export interface PullLine {
  readonly status?: string | undefined;
  /** Of a layer. */
  readonly digest?: string | undefined;
  readonly completed?: number | undefined;
  readonly total?: number | undefined;
}

/** Tells how a pull goes: layer by layer, as Ollama does, and once more when all of it is there. */
export function pullProgress(model: string, key: string, emit: Emit) {
  const layers = new Map<string, number>();
  return {
    line({ status = '', digest = status, completed = 0, total = 0 }: PullLine) {
      // Said at the end, without an amount: it would stay as if it went on.
      if (status === 'success') return;
      if (total > 0) layers.set(digest, total);
      emit({ type: 'progress', key, label: `${model}: ${status}`, done: completed, total, unit: 'bytes' });
    },
    done() {
      const sum = [...layers.values()].reduce((total, size) => total + size, 0);
      const bytes = Math.max(1, sum);
      emit({ type: 'progress', key, label: `${model}: pulled`, done: bytes, total: bytes, unit: 'bytes' });
    },
  };
}
