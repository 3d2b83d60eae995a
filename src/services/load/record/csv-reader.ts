import { FIGURES, type RequestRecord, type StreamedHop } from '../engine/request-record.ts';
import type { Outcome } from '../types.ts';
import { isZeroed, linesOf } from './json-lines.ts';

/**
 * The requests of a point's file, in the order in which they ended; none when the file is not there. Columns are found
 * by name, so that files of older versions can be read. The last row is left out when the writer was killed in it,
 * and any of which a part was not on the disk when the power went.
 */
export async function* readRequests(path: string): AsyncGenerator<RequestRecord> {
  let columns: readonly string[] | undefined;
  for await (const { text, whole } of linesOf(path)) {
    if (!whole) return;
    if (isZeroed(text)) continue;
    const cells = splitRow(text);
    if (columns === undefined) columns = cells;
    else if (cells.length === columns.length) {
      yield recordOf(Object.fromEntries(columns.map((name, at) => [name, cells[at]])));
    }
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

/** A cell that is empty, or in a file of an older version not there, tells nothing. */
function recordOf(row: Readonly<Partial<Record<string, string>>>): RequestRecord {
  const figures = Object.fromEntries(FIGURES.flatMap((name) => (row[name] ? [[name, Number(row[name])]] : [])));
  return {
    index: Number(row.request),
    intendedMs: Number(row.intended_ms),
    ...(row.lateness_ms ? latenessOf(row) : {}),
    ...(row.service_ms ? { serviceMs: Number(row.service_ms) } : {}),
    outcome: row.outcome as Outcome,
    class: native(row.class),
    status: Number(row.status),
    error: native(row.error),
    ...(row.host ? { host: native(row.host) } : {}),
    ...(Object.keys(figures).length === 0 ? {} : { figures }),
    ...(row.finish_reason ? { finish: native(row.finish_reason) } : {}),
    ...(row.max_tokens ? { max_tokens: Number(row.max_tokens) } : {}),
    ...(row.tokens_estimated === '1' ? { tokens_estimated: true } : {}),
    ...(row.ttft_ms ? { ttft_ms: Number(row.ttft_ms) } : {}),
    ...(row.reasoning_ttft_ms ? { reasoning_ttft_ms: Number(row.reasoning_ttft_ms) } : {}),
    ...(row.tpot_ms ? { tpot_ms: Number(row.tpot_ms) } : {}),
    ...(row.input_tokens_asked ? { input_tokens_asked: Number(row.input_tokens_asked) } : {}),
    ...(row.mix ? { mix: row.mix } : {}),
    ...(row.session && row.turn ? { session: Number(row.session), turn: Number(row.turn) } : {}),
    ...(row.hop_ttft_ms ? { hops: hopsOf(row.hop_ttft_ms, row.hop_itl_ms) } : {}),
    ...(row.itl_ms ? { itl_ms: row.itl_ms.split(' ').map(Number) } : {}),
  };
}

/** `a=12.500 b=80.100` and `a=1.000 1.250|b=2.000`. */
function hopsOf(ttft: string, gaps = ''): StreamedHop[] {
  const itl = new Map(gaps.split('|').map((each) => each.split('=') as [string, string]));
  return ttft.split(' ').map((each) => {
    const [name = '', ms] = each.split('=');
    const own = itl.get(name);
    return { name, ttft_ms: Number(ms), itl_ms: own ? own.split(' ').map(Number) : [] };
  });
}

/** A closed loop has no rate, and intends its requests when it sends them. */
function latenessOf({ lateness_ms: late, rps_target: rate }: Readonly<Partial<Record<string, string>>>) {
  return rate === '0' ? { latenessMs: 0, idleMs: Number(late) } : { latenessMs: Number(late) };
}

/** Takes the apostrophe off again that keeps a spreadsheet from taking text for a formula. */
function native(text = ''): string {
  return /^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
