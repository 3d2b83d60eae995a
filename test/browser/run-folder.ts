import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportedRun } from '../../src/services/results/recorded.ts';

/** Writes a run as `chainctl load` leaves it, without the single requests. */
export async function writeRun(results: string, { manifest, report, series }: ReportedRun): Promise<string> {
  const folder = join(results, manifest.runId);
  const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await mkdir(folder, { recursive: true });
  const { knee, slos } = report;
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, knee, slos }));
  await writeFile(join(folder, 'points.jsonl'), lines(report.points));
  await writeFile(join(folder, 'series.jsonl'), lines(series));
  return folder;
}
