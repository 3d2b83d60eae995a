import { type AnswerFigures, FIGURES, type RequestRecord } from '../engine/request-record.ts';
import type { Outcome } from '../types.ts';
import { linesOf } from './json-lines.ts';

/**
 * The requests of a point's file, in the order in which they ended; none when the file is not there. Columns are found
 * by name, so that files of older versions can be read. The last row is left out when the writer was killed in it.
 */
export async function* readRequests(path: string): AsyncGenerator<RequestRecord> {
  let columns: readonly string[] | undefined;
  for await (const { text, whole } of linesOf(path)) {
    if (!whole) return;
    const cells = splitRow(text);
    if (columns === undefined) columns = cells;
    else if (cells.length === columns.length) yield recordOf(columns, cells);
  }
}

/** Cells of one row as RFC 4180 has them; no cell of ours holds a line break. */
export function splitRow(row: string): string[] {
  if (!row.includes('"')) return row.split(',');
  const cells: string[] = [];
  for (const match of row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return cells;
}

function recordOf(columns: readonly string[], cells: readonly string[]): RequestRecord {
  const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
  const figure = (name: string) => (cell(name) === '' ? undefined : Number(cell(name)));
  const figures: { -readonly [K in keyof AnswerFigures]: AnswerFigures[K] } = {};
  for (const name of FIGURES) {
    const value = figure(name);
    if (value !== undefined) figures[name] = value;
  }
  const latenessMs = figure('lateness_ms');
  const serviceMs = figure('service_ms');
  const host = native(cell('host'));
  const ttftMs = figure('ttft_ms');
  const itl = cell('itl_ms');
  return {
    index: Number(cell('request')),
    intendedMs: Number(cell('intended_ms')),
    ...(latenessMs === undefined ? {} : { latenessMs }),
    ...(serviceMs === undefined ? {} : { serviceMs }),
    outcome: cell('outcome') as Outcome,
    class: native(cell('class')),
    status: Number(cell('status')),
    error: native(cell('error')),
    ...(host === '' ? {} : { host }),
    ...(Object.keys(figures).length === 0 ? {} : { figures }),
    ...(ttftMs === undefined ? {} : { ttft_ms: ttftMs }),
    ...(itl === '' ? {} : { itl_ms: itl.split(' ').map(Number) }),
  };
}

/** Takes the apostrophe off again that keeps a spreadsheet from taking text for a formula. */
function native(text: string): string {
  return /^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
