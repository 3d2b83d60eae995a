import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { bodyMaker, DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';

const CONNECTIONS = 64;

/** What another generator said and cost. */
interface ToolRun {
  readonly requests: number;
  /** User and system, in seconds. */
  readonly cpuSeconds: number;
  /** Milliseconds, by the tool's own account. */
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
}

export interface Tool {
  readonly name: string;
  /** As fast as the connections allow; undefined where it is not installed. */
  closed(url: string, seconds: number): ToolRun | undefined;
  /** At a fixed rate; absent where the tool has none. */
  paced?(url: string, rate: number, seconds: number): ToolRun | undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
const body = join(folder, 'body.json');
const script = join(folder, 'post.lua');
const text = bodyMaker(DEFAULT_PROMPT, 1, 0)(1);
writeFileSync(body, text);
writeFileSync(
  script,
  `wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[${text}]==]\n`,
);

/** Runs a command under the shell's `time`; the tools are looked for in GOBIN's and npm's folders too. */
function timed(command: string): { readonly output: string; readonly cpuSeconds: number } | undefined {
  const extra = [process.env.GOBIN, '/tmp/gobin', new URL('../../node_modules/.bin', import.meta.url).pathname];
  const PATH = [process.env.PATH, ...extra.filter((path) => path !== undefined)].join(delimiter);
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `TIMEFORMAT='cpu %U %S'; time ${command}`], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
    maxBuffer: 1 << 26,
  });
  const cpu = /^cpu (\S+) (\S+)$/m.exec(stderr);
  if (status !== 0 || cpu === null) return undefined;
  return { output: stdout, cpuSeconds: Number(cpu[1]) + Number(cpu[2]) };
}

function number(output: string, pattern: RegExp, scale = 1): { readonly found?: number } {
  const match = pattern.exec(output)?.[1];
  return match === undefined ? {} : { found: Number(match) * scale };
}

function hey(url: string, pace: string, seconds: number): ToolRun | undefined {
  const post = `-m POST -T application/json -D ${body}`;
  const ran = timed(`hey -c ${CONNECTIONS} ${pace} -z ${seconds}s ${post} ${url}`);
  if (ran === undefined) return undefined;
  const { output, cpuSeconds } = ran;
  const at = (share: string) => number(output, new RegExp(`${share}%+ in (\\S+) secs`), 1000).found;
  const requests = number(output, /\[200\]\s+(\d+) responses/).found ?? 0;
  return withPercentiles({ requests, cpuSeconds }, at('50'), at('90'), at('99'));
}

function autocannon(url: string, pace: string, seconds: number): ToolRun | undefined {
  const post = `-m POST -H content-type=application/json -i ${body}`;
  const ran = timed(`autocannon -j -c ${CONNECTIONS} ${pace} -d ${seconds} ${post} ${url} 2>/dev/null`);
  const json = ran === undefined ? undefined : /^\{.*\}$/m.exec(ran.output)?.[0];
  if (ran === undefined || json === undefined) return undefined;
  const { requests, latency } = JSON.parse(json);
  const total = { requests: requests.total, cpuSeconds: ran.cpuSeconds };
  return withPercentiles(total, latency.p50, latency.p90, latency.p99);
}

function withPercentiles(run: ToolRun, p50?: number, p90?: number, p99?: number): ToolRun {
  return {
    ...run,
    ...(p50 === undefined ? {} : { p50 }),
    ...(p90 === undefined ? {} : { p90 }),
    ...(p99 === undefined ? {} : { p99 }),
  };
}

export const TOOLS: readonly Tool[] = [
  {
    name: 'wrk',
    closed(url, seconds) {
      const ran = timed(`wrk -t1 -c${CONNECTIONS} -d${seconds} -s ${script} ${url}`);
      if (ran === undefined) return undefined;
      return { requests: number(ran.output, /(\d+) requests in/).found ?? 0, cpuSeconds: ran.cpuSeconds };
    },
  },
  {
    name: 'autocannon',
    closed: (url, seconds) => autocannon(url, '', seconds),
    paced: (url, rate, seconds) => autocannon(url, `-R ${rate}`, seconds),
  },
  {
    name: 'hey',
    closed: (url, seconds) => hey(url, '', seconds),
    paced: (url, rate, seconds) => hey(url, `-q ${rate / CONNECTIONS}`, seconds),
  },
  {
    name: 'oha',
    closed(url, seconds) {
      const post = `-m POST -T application/json -D ${body}`;
      const ran = timed(`oha --no-tui --output-format json -c ${CONNECTIONS} -z ${seconds}s ${post} ${url}`);
      if (ran === undefined) return undefined;
      const { statusCodeDistribution } = JSON.parse(ran.output);
      return { requests: statusCodeDistribution['200'] ?? 0, cpuSeconds: ran.cpuSeconds };
    },
  },
  {
    name: 'vegeta',
    closed(url, seconds) {
      const post = `-method POST -header 'content-type: application/json' -body ${body}`;
      const attack = `vegeta attack -rate 0 -max-workers ${CONNECTIONS} -duration ${seconds}s ${post}`;
      const ran = timed(
        `bash -c "set -o pipefail; echo 'GET ${url}' | sed s/GET/POST/ | ${attack} | vegeta report -type json"`,
      );
      if (ran === undefined) return undefined;
      return { requests: JSON.parse(ran.output).status_codes['200'] ?? 0, cpuSeconds: ran.cpuSeconds };
    },
  },
];
