import type { LogKind, LogLine, LogSource } from '../stack/log-source.ts';
import { layoutOf } from './layout.ts';

/** Runs a script on the machine and returns what it wrote. */
export type RunThere = (script: string) => Promise<string>;

/** Docker's own timestamps: `2026-01-31T09:59:00.123456789Z `. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/;

/**
 * The log of a service on a machine, read over SSH each time that it is asked for.
 *
 * @param source names it where there are several machines
 */
export function remoteLog(service: string, kind: LogKind, run: RunThere, source: string = service): LogSource {
  return kind === 'process' ? processLog(service, run, source) : requestLog(service, run, source);
}

/**
 * What the container wrote; goes on after the newest line by its timestamp, or where there was none after the machine's
 * own time. A machine that could not be asked for its last lines is asked for them again.
 */
function processLog(service: string, run: RunThere, source: string): LogSource {
  let first = '';
  let newest: string | undefined;
  const fetch = async (): Promise<LogLine[]> => {
    const options = newest === undefined ? first : `--since ${newest}`;
    const output = await run(
      `date -u +%Y-%m-%dT%H:%M:%S.%NZ; id=${layoutOf(service).idOf('service')}; [ -z "$id" ] || docker logs --timestamps ${options} "$id" 2>&1`,
    );
    const [asked = '', ...texts] = output.trimEnd().split('\n');
    // Nothing at all, not even the time: it was not reached.
    if (!STAMPED.test(asked)) return [];
    const stamped = texts.flatMap((text) => {
      const [, at, line] = STAMPED.exec(text) ?? [];
      return at === undefined || line === undefined || at <= (newest ?? '') ? [] : [{ at, line }];
    });
    newest = stamped.at(-1)?.at ?? newest ?? asked;
    return stamped.map(({ line }) => ({ source, line }));
  };
  return {
    source,
    tail: (count) => {
      first = `--tail ${count}`;
      return fetch();
    },
    read: fetch,
  };
}

/**
 * One JSON line per request, in the container's volume. Goes on after the lines that were read. A machine that could not
 * be asked for its last lines is asked for them again.
 */
function requestLog(service: string, run: RunThere, source: string): LogSource {
  let read = 0;
  let wanted: number | undefined;
  const there = (command: string) =>
    run(
      `id=${layoutOf(service).idOf('service')}; [ -z "$id" ] || docker exec "$id" sh -c '${command}' 2>/dev/null || true`,
    );
  // A service that has had no request has no file: a machine that was reached says 0 then.
  const lengthThere = () =>
    run(
      `id=${layoutOf(service).idOf('service')}; { [ -n "$id" ] && docker exec "$id" sh -c 'wc -l < /logs/requests.jsonl' 2>/dev/null; } || echo 0`,
    );
  const asLines = (output: string) =>
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ source, line }));
  const tail = async (count: number): Promise<LogLine[]> => {
    const length = (await lengthThere()).trim();
    wanted = length === '' ? count : undefined;
    if (length === '') return [];
    read = Number(length) || 0;
    return asLines(await there(`head -n ${read} /logs/requests.jsonl | tail -n ${count}`));
  };
  return {
    source,
    tail,
    async read() {
      if (wanted !== undefined) return tail(wanted);
      const lines = asLines(await there(`tail -n +${read + 1} /logs/requests.jsonl`));
      read += lines.length;
      return lines;
    },
  };
}
