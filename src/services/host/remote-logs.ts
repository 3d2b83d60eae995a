import type { LogKind, LogLine, LogSource } from '../stack/log-source.ts';
import { layoutOf } from './layout.ts';
import type { ServiceName } from './templates.ts';

/** Runs a script on the machine and returns what it wrote. */
export type RunThere = (script: string) => Promise<string>;

/** Docker's own timestamps: `2026-01-31T09:59:00.123456789Z `. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/;

/**
 * The log of a service on a machine, read over SSH each time that it is asked for.
 *
 * @param source names it where there are several machines
 */
export function remoteLog(service: ServiceName, kind: LogKind, run: RunThere, source: string = service): LogSource {
  return kind === 'process' ? processLog(service, run, source) : requestLog(service, run, source);
}

function containerOf(service: ServiceName): string {
  const { project } = layoutOf(service);
  const filters = [`com.docker.compose.project=${project}`, 'com.docker.compose.service=service'];
  return `$(docker ps -aq ${filters.map((label) => `--filter label=${label}`).join(' ')} | head -n 1)`;
}

/** What the container wrote; goes on after the newest line by its timestamp. */
function processLog(service: ServiceName, run: RunThere, source: string): LogSource {
  let newest = '';
  const fetch = async (options: string): Promise<LogLine[]> => {
    const output = await run(
      `id=${containerOf(service)}; [ -z "$id" ] || docker logs --timestamps ${options} "$id" 2>&1`,
    );
    const lines: LogLine[] = [];
    for (const text of output.split('\n')) {
      const [, at, line] = STAMPED.exec(text) ?? [];
      if (at === undefined || line === undefined || at <= newest) continue;
      lines.push({ source, line });
    }
    newest = STAMPED.exec(output.trimEnd().split('\n').at(-1) ?? '')?.[1] ?? newest;
    return lines;
  };
  return {
    source,
    tail: (count) => fetch(`--tail ${count}`),
    read: () => fetch(newest === '' ? '--tail 0' : `--since ${newest}`),
  };
}

/** One JSON line per request, in the container's volume. Goes on after the lines that were read. */
function requestLog(service: ServiceName, run: RunThere, source: string): LogSource {
  let read = 0;
  const there = (command: string) =>
    run(`id=${containerOf(service)}; [ -z "$id" ] || docker exec "$id" sh -c '${command}' 2>/dev/null || true`);
  const linesOf = (output: string) => output.split('\n').filter((line) => line !== '');
  return {
    source,
    async tail(count) {
      read = Number(await there('wc -l < /logs/requests.jsonl')) || 0;
      const output = await there(`head -n ${read} /logs/requests.jsonl | tail -n ${count}`);
      return linesOf(output).map((line) => ({ source, line }));
    },
    async read() {
      const lines = linesOf(await there(`tail -n +${read + 1} /logs/requests.jsonl`));
      read += lines.length;
      return lines.map((line) => ({ source, line }));
    },
  };
}
