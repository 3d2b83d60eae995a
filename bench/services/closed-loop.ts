import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
// @ts-expect-error: it comes without types
import autocannon from 'autocannon';
import { PROMPT } from './programs.ts';

export interface ClosedLoopResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Anything but a 200. */
  readonly failed: number;
  readonly tool: string;
}

/** Keeps `connections` requests in flight for `seconds`: with wrk where it is installed, else with autocannon. */
export function closedLoop(url: string, connections: number, seconds: number): Promise<ClosedLoopResult> {
  return hasWrk() ? withWrk(url, connections, seconds) : withAutocannon(url, connections, seconds);
}

function hasWrk(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v wrk'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function withWrk(url: string, connections: number, seconds: number): Promise<ClosedLoopResult> {
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-bench-'));
  try {
    const script = join(folder, 'post.lua');
    // `done` reports in microseconds; wrk's own text rounds.
    writeFileSync(
      script,
      `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = [[${JSON.stringify({ prompt: PROMPT })}]]
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %d\\n", summary.requests, summary.duration, latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`,
    );
    const args = ['-t1', `-c${connections}`, `-d${seconds}`, '-s', script, url];
    const { stdout } = await promisify(execFile)('wrk', args);
    const [, requests, micros, p99, failed] = /RESULT (\d+) (\d+) ([\d.]+) (\d+)/.exec(stdout) ?? [];
    return {
      requestsPerSecond: Number(requests) / (Number(micros) / 1e6),
      p99Ms: Number(p99) / 1000,
      failed: Number(failed),
      tool: 'wrk',
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withAutocannon(url: string, connections: number, seconds: number): Promise<ClosedLoopResult> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: PROMPT }),
  });
  return {
    requestsPerSecond: result.requests.total / result.duration,
    p99Ms: result.latency.p99,
    failed: result.non2xx + result.errors,
    tool: 'autocannon',
  };
}
