import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/runtime.ts';
import { createChainClient } from '../../src/services/chain/client.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';
import { runSweep } from '../../src/services/load/sweep/run-sweep.ts';
import type { SweepOptions } from '../../src/services/load/sweep/sweep-options.ts';
import type { PointSummary, SweepReport } from '../../src/services/load/types.ts';

/** Runs `work` with a folder of its own for result files, which is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A whole sweep as the command runs it, with its record on disk and the gates between points, but without a view. */
export async function sweep(
  outFolder: string,
  options: Pick<SweepOptions, 'targetUrl' | 'rates' | 'durationSeconds'> & Partial<SweepOptions>,
): Promise<SweepReport> {
  const whole: SweepOptions = {
    tag: 'bench',
    warmupSeconds: 1,
    timeoutSeconds: 60,
    drainSeconds: 60,
    outFolder,
    prompt: DEFAULT_PROMPT,
    seed: 1,
    preflight: true,
    probe: true,
    about: {},
    ...options,
  };
  const { signal } = new AbortController();
  const client = createChainClient({ clock: systemClock, timeoutMs: 60_000, signal });
  try {
    return await runSweep(whole, { clock: systemClock, client, emit: () => {}, signal });
  } finally {
    await client.close();
  }
}

/** The only point of a sweep. */
export function onlyPoint({ points: [point] }: SweepReport): PointSummary {
  if (point === undefined) throw new Error('the sweep has no point');
  return point;
}
