import type { LogKind, LogLine, LogSource } from '../stack/log-source.ts';
import { layoutOf } from './layout.ts';

/** Runs a script on the machine and returns what it wrote; nothing at all where the machine is not reached. */
type RunThere = (script: string) => Promise<string>;

/** Docker's own timestamps: `2026-01-31T09:59:00.123456789Z `. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/;

/**
 * The log of a service on a machine, read over SSH each time that it is asked for. A machine that could not be asked for
 * its last lines is asked for them again.
 *
 * @param source names it where there are several machines
 */
export function remoteLog(service: string, kind: LogKind, run: RunThere, source: string = service): LogSource {
  const read = kind === 'process' ? processLog(service, run) : requestLog(service, run);
  const lines = async (tail?: number): Promise<LogLine[]> => (await read(tail)).map((line) => ({ source, line }));
  return { source, tail: lines, read: () => lines() };
}

/** What the container wrote; goes on after the newest line by its timestamp, or where there was none after the machine's own time. */
function processLog(service: string, run: RunThere) {
  let first = '';
  let newest: string | undefined;
  return async (tail?: number) => {
    if (tail !== undefined) first = `--tail ${tail}`;
    const options = newest === undefined ? first : `--since ${newest}`;
    const output = await run(
      `date -u +%Y-%m-%dT%H:%M:%S.%NZ; id=${layoutOf(service).idOf('service')}; [ -z "$id" ] || docker logs --timestamps ${options} "$id" 2>&1`,
    );
    const [asked = '', ...texts] = output.trimEnd().split('\n');
    if (!STAMPED.test(asked)) return [];
    const stamped = texts.map((text) => STAMPED.exec(text) ?? []).filter(([, at = '']) => at > (newest ?? ''));
    newest = stamped.at(-1)?.[1] ?? newest ?? asked;
    return stamped.map(([, , line = '']) => line);
  };
}

/** One JSON line per request, in the container's volume. Goes on after the lines that were read. */
function requestLog(service: string, run: RunThere) {
  let read = 0;
  let wanted: number | undefined;
  const there = async (command: string, otherwise: string) => {
    const id = layoutOf(service).idOf('service');
    const exec = `docker exec "$id" sh -c '${command}' 2>/dev/null`;
    const output = await run(`id=${id}; { [ -n "$id" ] && ${exec}; } || ${otherwise}`);
    return output.split('\n').filter((line) => line !== '');
  };
  return async (tail = wanted) => {
    if (tail === undefined) {
      const lines = await there(`tail -n +${read + 1} /logs/requests.jsonl`, 'true');
      read += lines.length;
      return lines;
    }
    // A service that has had no request has no file: a machine that was reached says 0 then.
    const [length] = await there('wc -l < /logs/requests.jsonl', 'echo 0');
    wanted = length === undefined ? tail : undefined;
    if (length === undefined) return [];
    read = Number(length) || 0;
    return there(`head -n ${read} /logs/requests.jsonl | tail -n ${tail}`, 'true');
  };
}
