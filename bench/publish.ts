import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import Table from 'cli-table3';
import type { BenchResult } from './types.ts';

/** With the borders 130 columns. */
const WIDTHS = [40, 18, 22, 5, 39];

/** Prints a benchmark's figures as a table, the missed ones too. */
export function printTable({ name, rows }: BenchResult): void {
  const head = [name, 'measured', 'target', 'met', 'beside'];
  const table = new Table({ head, style: { head: [], border: [] }, colWidths: WIDTHS, wordWrap: true });
  for (const { what, measured, unit, target, ok, compare } of rows) {
    const met = !ok ? 'NO' : measured === null ? '-' : 'yes';
    table.push([what, measured === null ? '-' : `${measured} ${unit}`, target, met, compare ?? '']);
  }
  console.log(table.toString());
}

/**
 * Writes all rows as JSON to results/, and says where and on what machine. Sets exit code 8 when a target is missed.
 *
 * @param name first words of the file's name
 */
export function publish(name: string, results: readonly BenchResult[]): void {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const date = new Date().toISOString();
  const folder = new URL('../results/', import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${name}-${date.slice(0, 19).replaceAll(':', '')}.json`;
  writeFileSync(file, `${JSON.stringify({ date, machine, results }, undefined, 2)}\n`);
  console.log(`${machine}\n${file}`);
  if (results.some(({ rows }) => rows.some(({ ok }) => !ok))) process.exitCode = 8;
}
