import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cli } from '../support/cli.ts';
import { exitOfPoints } from '../support/exit-of-points.ts';
import { otlpReceiver } from '../support/otlp-receiver.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

/** A real server that counts who comes. */
async function serve(handler: RequestListener) {
  let connections = 0;
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      handler(request, response);
    });
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
  return { url, bodies, connections: () => connections };
}

const ok = () => serve((_, response) => response.end('{"host":"b-1"}'));
const SHORT = ['--no-preflight', '--warmup', '0', '--duration', '1s', '--rps', '20'];
const load = (target: string, ...more: string[]) => cli.json(['load', '--target', target, ...SHORT, ...more]);

describe('the exit code of load', () => {
  it('is 8 where a threshold is missed, and 0 where all are met', async () => {
    // Where a point is too late for its answers it is invalid and decides nothing: to answers of 4 s little is.
    const { url } = await serve((_, response) => setTimeout(() => response.end(), 4000));
    const met = await load(url, '--slo', 'ok>99%', '--slo', 'p95<30s');
    expect(met.envelope).toMatchObject({ status: 'ok', result: { slos: [{ passed: true }, { passed: true }] } });
    expect(met.code).toBe(0);
    const missed = await load(url, '--slo', 'ok>99%', '--slo', 'ok-rps>=500');
    expect(missed.envelope).toMatchObject({
      status: 'failed',
      result: { slos: [{ passed: true }, { passed: false }] },
    });
    expect(missed.code).toBe(8);
  });

  it('is 8 where a condition of --abort-on comes true, and the rest is left out', async () => {
    const { url } = await serve((_, response) => response.writeHead(503).end());
    const { code, envelope } = await cli.json([
      'load',
      '--target',
      url,
      '--no-preflight',
      '--rps',
      '50,60',
      '--duration',
      '20s',
      '--abort-on',
      'error-rate=50%',
    ]);
    expect(code).toBe(8);
    expect(envelope.result.points.map(({ status }: { status: string }) => status)).toEqual(['aborted']);
    expect(envelope.result.abortedBy).toContain('error-rate');
  });
});

describe('--resume', () => {
  it('leaves a run alone that another process is writing, and goes on with it when that has ended', async () => {
    const { url } = await ok();
    let second: ReturnType<typeof cli.json> | undefined;
    const first = await cli.json(
      [
        ...['load', '--target', url, '--no-preflight', '--warmup', '0', '--duration', '40s', '--drain', '1s'],
        ...['--rps', '20,30', '--tag', 'held', '--out', 'held'],
      ],
      {
        onLine(line, child) {
          if (second !== undefined || !line.includes('"sweep-tick"')) return;
          second = cli.json(['load', '--resume', 'latest', '--out', 'held']);
          void second.finally(() => child.kill('SIGINT'));
        },
      },
    );
    const refused = await second;
    expect(refused?.envelope.error).toMatchObject({
      code: 'run-in-progress',
      message: expect.stringMatching(/is still being written \(pid \d+: chainctl load --target /),
    });
    expect(refused?.code).toBe(6);
    const { points, runFolder, report } = first.envelope.result;
    expect(report).toBe(join(runFolder, 'report.html'));
    expect(points.map(({ status }: { status: string }) => status)).toEqual(['interrupted']);
    const names = await readdir(join(cli.home, runFolder));
    expect(names.filter((name) => /interrupted|writer/.test(name))).toEqual([]);
    const again = await cli.run(['load', '--resume', 'latest', '--out', 'held'], {
      onLine: (line, child) => line.includes('point 1 of 2') && child.kill('SIGINT'),
    });
    expect(again.stderr).toContain(`goes on with its own settings, against ${url}`);
    expect(again.stderr).toContain('Stopping: what is in flight has 2 s to end, and what was measured is kept. Press');
    // As it was started: nothing here has chainctl on its path.
    expect(again.stdout).toMatch(new RegExp(`\nIt goes on with: node \\S+run\\.js load --resume ${runFolder}\n`));
    expect(again.stdout).toMatch(new RegExp(`^Report: ${runFolder}/report.html\n`));
    expect(again.code).toBe(130);
  });
});

describe('what the target sees', () => {
  it('keeps its connections, unless their requests or their age are bounded', async () => {
    const seen = async (...flags: string[]) => {
      const { url, connections, bodies } = await ok();
      const { envelope } = await load(url, ...flags);
      expect(bodies).toHaveLength(20);
      expect(envelope.result.points[0].newConnections).toBe(connections());
      return connections();
    };
    expect(await seen()).toBeLessThan(10);
    expect(await seen('--requests-per-connection', '1')).toBe(20);
    expect(await seen('--requests-per-connection', '5')).toBeGreaterThanOrEqual(4);
    // Every 50 ms; after a stall of this machine two may leave together.
    expect(await seen('--connection-age', '10ms')).toBeGreaterThan(15);
  });

  it('is asked for a stream, whose tokens are measured', async () => {
    const { url, bodies } = await serve(async (_, response) => {
      response.setHeader('content-type', 'application/x-ndjson');
      for (const word of ['one', 'two', 'three']) {
        response.write(`${JSON.stringify({ response: word, done: false })}\n`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      response.end(`${JSON.stringify({ response: '', done: true, eval_count: 3, prompt_eval_count: 9 })}\n`);
    });
    const { code, envelope } = await load(url, '--stream', '--tag', 'streamed');
    expect(code).toBe(exitOfPoints(envelope));
    expect(bodies.map((body) => JSON.parse(body).stream)).toEqual(bodies.map(() => true));
    const [point] = envelope.result.points;
    expect(point.stream).toMatchObject({ ttft: { count: 20 }, outputTokens: 60 });
    const csv = await readFile(join(cli.home, 'results', 'streamed_answer_rps20.csv'), 'utf8');
    const [head = '', ...rows] = csv.trimEnd().split('\n');
    for (const name of ['ttft_ms', 'itl_ms']) {
      const column = head.split(',').findIndex((each) => each.startsWith(name.replace('_ms', '')));
      expect(rows.every((row) => Number.parseFloat(row.split(',')[column] ?? '') > 0)).toBe(true);
    }
  });
});

describe('--otlp', () => {
  it('sends the metrics there; the variable does the same, and neither changes the exit code', async () => {
    const { url } = await ok();
    const collector = await otlpReceiver();
    const sent = await load(url, '--otlp', collector.url, '--tag', 'sent');
    expect(sent.code).toBe(exitOfPoints(sent.envelope));
    expect(sent.envelope.warnings).toEqual([]);
    const last = collector.received.at(-1);
    expect(last?.path).toBe('/v1/metrics');
    const requests = last?.metrics['chainctl.load.requests']?.points;
    expect(requests?.map(({ value, attributes }) => [value, attributes['chainctl.tag']])).toEqual([[20, 'sent']]);
    const nobody = await serve((_, response) => response.writeHead(404).end());
    const env = { CHAINCTL_LOAD_OTLP: nobody.url };
    const lost = await cli.json(['load', '--target', url, ...SHORT], { env });
    expect(lost.code).toBe(exitOfPoints(lost.envelope));
    expect(lost.envelope.warnings).toEqual([
      expect.stringContaining(`metrics did not reach ${nobody.url}: it answered HTTP 404`),
    ]);
  });
});
