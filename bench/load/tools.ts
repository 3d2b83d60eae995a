import { attempted, bodyFile, CONNECTIONS, timed } from './tool-command.ts';

/** What another generator said and cost. */
interface ToolRun {
  /** That were answered with 200. */
  readonly requests: number;
  /** User and system, in seconds. */
  readonly cpuSeconds: number;
  /** Milliseconds, by the tool's own account; of a tool that has none, undefined. */
  readonly p50?: number | undefined;
  readonly p90?: number | undefined;
  readonly p99?: number | undefined;
}

type Run = (url: string, seconds: number) => ToolRun;

export interface Tool {
  readonly name: string;
  /** How it is installed, in words. */
  readonly install: string;
  /** As fast as the connections allow. */
  readonly closed: Run;
  /** At a fixed rate; absent where the tool has none. */
  readonly paced?: (url: string, rate: number, seconds: number) => ToolRun;
  /** What is special about its fixed rate, in words. */
  readonly pacing?: string;
}

/**
 * Asks a tool for a run.
 *
 * @returns why there is none, in a few words, instead
 */
export function attempt(run: () => ToolRun): ToolRun | string {
  const result = attempted(run);
  return typeof result === 'string' || result.requests > 0 ? result : 'it had no answer';
}

function number(output: string, pattern: RegExp, scale = 1): number | undefined {
  const match = pattern.exec(output)?.[1];
  return match === undefined ? undefined : Number(match) * scale;
}

function wrk(url: string, seconds: number): ToolRun {
  const head = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n';
  const script = bodyFile('post.lua', (body) => `${head}wrk.body = [==[${body}]==]\n`);
  const { output, cpuSeconds } = timed('wrk', `wrk -t1 -c${CONNECTIONS} -d${seconds} -s ${script} ${url}`);
  return { requests: number(output, /(\d+) requests in/) ?? 0, cpuSeconds };
}

function autocannon(url: string, seconds: number, pace = ''): ToolRun {
  const post = `-m POST -H content-type=application/json -i ${bodyFile('body.json')}`;
  const command = `autocannon -j -c ${CONNECTIONS} ${pace} -d ${seconds} ${post} ${url} 2>/dev/null`;
  const { output, cpuSeconds } = timed('autocannon', command);
  const said = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? 'null');
  const { p50, p90, p99 } = said.latency;
  return { requests: said['2xx'], cpuSeconds, p50, p90, p99 };
}

function hey(url: string, seconds: number, pace = ''): ToolRun {
  const post = `-m POST -T application/json -D ${bodyFile('body.json')}`;
  const { output, cpuSeconds } = timed('hey', `hey -c ${CONNECTIONS} ${pace} -z ${seconds}s ${post} ${url}`);
  const at = (share: number) => number(output, new RegExp(`${share}%+ in (\\S+) secs`), 1000);
  const requests = number(output, /\[200\]\s+(\d+) responses/) ?? 0;
  return { requests, cpuSeconds, p50: at(50), p90: at(90), p99: at(99) };
}

function oha(url: string, seconds: number, pace = ''): ToolRun {
  const post = `-m POST -T application/json -D ${bodyFile('body.json')}`;
  const command = `oha --no-tui --output-format json -c ${CONNECTIONS} ${pace} -z ${seconds}s ${post} ${url}`;
  const { output, cpuSeconds } = timed('oha', command);
  const { statusCodeDistribution, latencyPercentiles } = JSON.parse(output);
  const ms = (name: string) => latencyPercentiles[name] * 1000;
  return { requests: statusCodeDistribution['200'] ?? 0, cpuSeconds, p50: ms('p50'), p90: ms('p90'), p99: ms('p99') };
}

/** @param pace rate and bound of its workers: without a bound it opens as many connections as it takes */
function vegeta(url: string, seconds: number, pace = `-rate 0 -max-workers ${CONNECTIONS}`): ToolRun {
  const post = `-body ${bodyFile('body.json')} -header 'content-type: application/json'`;
  const attack = `vegeta attack ${pace} -duration ${seconds}s ${post}`;
  const { output, cpuSeconds } = timed('vegeta', `(echo 'POST ${url}' | ${attack} | vegeta report -type json)`);
  const { status_codes: statuses, latencies } = JSON.parse(output);
  const ms = (name: string) => latencies[name] / 1e6;
  return { requests: statuses['200'] ?? 0, cpuSeconds, p50: ms('50th'), p90: ms('90th'), p99: ms('99th') };
}

/** @param scenario as k6 has it: its executor and what that needs */
function k6(url: string, scenario: object): ToolRun {
  const options = {
    scenarios: { bench: scenario },
    discardResponseBodies: true,
    summaryTrendStats: ['p(50)', 'p(90)', 'p(99)'],
  };
  const script = bodyFile('post.js', (body) =>
    [
      `import http from 'k6/http';`,
      `export const options = ${JSON.stringify(options)};`,
      `const params = { headers: { 'content-type': 'application/json' } };`,
      `export default () => http.post(${JSON.stringify(url)}, ${JSON.stringify(body)}, params);`,
      'export const handleSummary = ({ metrics }) => ({ stdout: JSON.stringify(metrics) });',
    ].join('\n'),
  );
  const { output, cpuSeconds } = timed('k6', `k6 run --quiet --no-usage-report --log-output=none ${script}`);
  const { http_req_failed: failed, http_req_duration: took } = JSON.parse(output);
  // Of a rate of failures, what did not fail is what fails it.
  const requests = failed.values.fails;
  return { requests, cpuSeconds, p50: took.values['p(50)'], p90: took.values['p(90)'], p99: took.values['p(99)'] };
}

export const TOOLS: readonly Tool[] = [
  { name: 'wrk', install: 'Debian package wrk', closed: wrk },
  {
    name: 'autocannon',
    install: 'comes with the lockfile',
    closed: (url, seconds) => autocannon(url, seconds),
    paced: (url, rate, seconds) => autocannon(url, seconds, `-R ${rate}`),
  },
  {
    name: 'hey',
    install: 'go install github.com/rakyll/hey@latest',
    closed: (url, seconds) => hey(url, seconds),
    paced: (url, rate, seconds) => hey(url, seconds, `-q ${rate / CONNECTIONS}`),
  },
  {
    name: 'oha',
    install: 'cargo install oha --locked',
    closed: (url, seconds) => oha(url, seconds),
    paced: (url, rate, seconds) => oha(url, seconds, `-q ${rate} --latency-correction`),
    pacing: 'with --latency-correction',
  },
  {
    name: 'vegeta',
    install: 'go install github.com/tsenart/vegeta/v12@latest',
    closed: (url, seconds) => vegeta(url, seconds),
    paced: (url, rate, seconds) => vegeta(url, seconds, `-rate ${rate}/1s`),
    pacing: 'open loop',
  },
  {
    name: 'k6',
    install: 'go install go.k6.io/k6@latest',
    closed: (url, seconds) => k6(url, { executor: 'constant-vus', vus: CONNECTIONS, duration: `${seconds}s` }),
    paced: (url, rate, seconds) =>
      k6(url, {
        ...{ executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: `${seconds}s` },
        ...{ preAllocatedVUs: rate, maxVUs: 2 * rate },
      }),
    pacing: 'constant-arrival-rate',
  },
];
