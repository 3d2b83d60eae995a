import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PointSummary } from '../../src/services/load/types.ts';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { Cli } from '../support/cli.ts';
import { json, ModelServer } from '../support/model-server.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

async function serve(...settings: Parameters<typeof ModelServer.open>): Promise<ModelServer> {
  const server = await ModelServer.open(...settings);
  onTestFinished(() => server.close());
  return server;
}

const BRIEF = ['--rps', '20', '--duration', '0.5s', '--warmup', '0', '--tag', 'apis'];
const load = (...args: readonly string[]) => cli.jsonHere(['load', ...BRIEF, ...args]);

describe('every API, asked as it is spoken', () => {
  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: expect.stringContaining('railway') }] }],
    ['/v1/completions', { prompt: expect.stringContaining('railway') }],
    ['/api/chat', { messages: [{ role: 'user', content: expect.stringContaining('railway') }] }],
    ['/api/generate', { prompt: expect.stringContaining('railway') }],
  ])('%s, streamed and not', async (path, body) => {
    const server = await serve({ isOllama: true });
    for (const stream of [false, true]) {
      server.seen.length = 0;
      const { envelope } = await load('--target', server.url + path, ...(stream ? ['--stream'] : []));
      expect(envelope.result.points[0]).toMatchObject({ outcomes: { ok: 10 }, models: { m: 10 } });
      expect(envelope.result.points[0].tokens).toMatchObject({ prompt: 50, output: 30 });
      expect(server.bodies.at(-1)).toMatchObject({ model: 'm', ...body });
      expect(server.bodies.at(-1)?.stream ?? false).toBe(stream);
    }
  });

  it('a template writes the body of an endpoint of which nothing is known', async () => {
    const server = await serve({
      instead: (_, response) => {
        json(response, 200, { out: 'x' });
        return true;
      },
    });
    await writeFile(
      join(cli.home, 'body.json'),
      '{"inputs":"{{prompt}}","parameters":{"max_new_tokens":8},"n":"{{request}}"}',
    );
    const { envelope } = await load('--target', `${server.url}/infer`, '--body-file', 'body.json');
    expect(envelope.result.points[0].outcomes.ok).toBe(10);
    expect(server.bodies.at(-1)).toMatchObject({
      inputs: expect.stringContaining('railway'),
      parameters: { max_new_tokens: 8 },
    });
    expect(new Set(server.bodies.map(({ inputs }) => inputs)).size).toBe(server.bodies.length);
  });

  it('a prompt of any length, where no service of the chain is asked', async () => {
    const server = await serve();
    await writeFile(join(cli.home, 'short.txt'), 'Hi');
    const short = ['--prompt-file', 'short.txt', '--target', server.url];
    expect((await load(...short)).envelope.result.points[0].outcomes.ok).toBe(10);
    const { code, envelope } = await load(...short, '--api', 'invoke');
    expect({ code, error: envelope.error.code }).toEqual({ code: 2, error: 'prompt-too-short' });
  });
});

describe('what nobody gave', () => {
  const asked = (...args: readonly string[]) => cli.jsonHere(['load', '--warmup', '0', '--tag', 'unasked', ...args]);

  it('rates that a foreign server can bear, as long as the requests take', async () => {
    const server = await serve();
    const { envelope } = await asked('--target', server.url, '--requests', '5');
    const { plan, points } = envelope.result;
    expect(plan).toMatchObject({ rates: [5, 10, 20, 50], totalRequests: 20, durationSeconds: 1 });
    const all = points.map(({ sent, durationSeconds: seconds }: PointSummary) => [sent, seconds]);
    expect(all).toEqual([
      [5, 1],
      [5, 0.5],
      [5, 0.25],
      [5, 0.1],
    ]);
    const manifest = JSON.parse(await readFile(join(cli.home, envelope.result.runFolder, 'manifest.json'), 'utf8'));
    expect(manifest.settings).toMatchObject({ rates: [5, 10, 20, 50] });
    expect(manifest.settings).not.toHaveProperty('unaskedRates');
  });

  it('a closed loop ends with its requests, and turns of sessions are told one by one', async () => {
    const server = await serve();
    const loop = ['--concurrency', '2', '--requests', '12', '--turns', '3', '--stream'];
    const { envelope } = await asked('--target', server.url, ...loop);
    const [point] = envelope.result.points;
    expect(point).toMatchObject({ sent: 12, outcomes: { ok: 12 }, loop: 'closed' });
    const turns: readonly { readonly turn: number; readonly ok: number }[] = point.turns;
    expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3]);
    expect(turns.reduce((sum, { ok }) => sum + ok, 0)).toBe(12);
    expect(point.turns[0].ttft.p50).toBeGreaterThan(0);
    const text = await cli.here(['report', 'latest']);
    expect(text.stdout).toContain('Who: sessions of up to 3 turns, each with the answers before it, without time to');
    expect(text.stdout).toContain('By turn of the session, milliseconds:');
  });
});

it('a key is sent, and stands nowhere: not in files, output, or what a process was started with', async () => {
  const KEY = 'sk-0123456789-never-to-be-seen';
  const server = await serve({
    instead: ({ headers }, response) => {
      if (headers.authorization === `Bearer ${KEY}` && headers['x-team'] === 'secret-team') return false;
      json(response, 401, { error: { message: 'no' } });
      return true;
    },
  });
  await writeFile(join(cli.home, 'key'), KEY);
  await chmod(join(cli.home, 'key'), 0o600);
  const commands: string[] = [];
  const args = ['--target', server.url, '--api-key-file', 'key', '--header', 'x-team: secret-team', '--debug'];
  const result = await cli.here(['load', ...BRIEF, ...args], {
    onLine: () => void listProcesses().then((all) => commands.push(...all.map(({ command }) => command))),
  });
  // Whether the point is valid is a matter of how busy this machine is.
  expect(result.stdout).toMatch(/ 10 +0 /);
  expect(server.seen.length).toBeGreaterThan(10);
  expect(commands.join('\n')).not.toContain(KEY);
  const said = result.stdout + result.stderr;
  expect(said).toContain('header = x-team: ***');
  const files = await readdir(cli.home, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((each) => each.isFile() && each.name !== 'key')
    .map((each) => readFile(join(each.parentPath, each.name), 'utf8'));
  const all = [said, ...(await Promise.all(texts))].join('\n');
  expect(all).toContain('"headerNames"');
  for (const secret of [KEY, 'secret-team']) expect(all).not.toContain(secret);
});

describe('what a target refuses', () => {
  it('before the sweep: the cause and the flag that mends it, and nothing is offered', async () => {
    const server = await serve({
      instead: ({ body }, response) => {
        if (body.model === 'm') return false;
        json(response, 404, {
          error: { message: `The model \`${body.model}\` does not exist.`, code: 'model_not_found' },
        });
        return true;
      },
    });
    const { code, envelope } = await load('--target', server.url, '--model', 'other');
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({
      message: expect.stringContaining('The model `other` does not exist.'),
      nextSteps: ['--model m (it has m)', expect.stringContaining('--no-preflight')],
    });
    expect(server.seen).toHaveLength(1);
    const anyway = await load('--target', server.url, '--model', 'other', '--no-preflight', '--api', 'openai-chat');
    expect(anyway.envelope.result.points[0].errorsByClass).toEqual({ 404: 10 });
  });

  it('stream_options: it is asked without', async () => {
    const server = await serve({
      instead: ({ body }, response) => {
        if (body.stream_options === undefined) return false;
        json(response, 400, { error: { message: 'Unrecognized request argument supplied: stream_options' } });
        return true;
      },
    });
    const { envelope } = await load('--target', server.url, '--stream');
    expect(envelope.warnings).toContainEqual(expect.stringContaining('refuses stream_options'));
    expect(envelope.result.points[0].outcomes.ok).toBe(10);
  });

  it('during the sweep: its words in table, CSV and report, and the schedule goes on', async () => {
    const server = await serve({
      instead: (_, response, count) => {
        if (count <= 3 || count % 2 === 0) return false;
        if (count % 4 === 1)
          json(response, 429, { error: { message: `Rate limit: wait ${count} ms` } }, { 'retry-after': '7' });
        else json(response, 429, { detail: 'You exceeded your quota' });
        return true;
      },
    });
    const { stdout } = await cli.here(['load', ...BRIEF, '--target', server.url]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /429 x 5 \(Rate limit: wait \d+ ms \(retry after 7 s\) x 3; You exceeded your quota x 2\)/,
    );
    expect(stdout).toContain('a rate limit x 5');
    const summary = await readFile(join(cli.home, 'results', 'apis_summary.csv'), 'utf8');
    expect(summary).toMatch(/429: Rate limit: wait \d+ ms \(retry after 7 s\) x 3; You exceeded your quota x 2/);
    const page = /^Report: (.*)$/m.exec(stdout)?.[1] ?? '';
    expect(await readFile(join(cli.home, page), 'utf8')).toContain('You exceeded your quota x 2');
  });

  it('a model that changes in mid-run is told', async () => {
    const server = await serve({
      instead: (_, response, count) => {
        if (count < 10) return false;
        const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
        json(response, 200, { model: 'another', choices });
        return true;
      },
    });
    const { stdout } = await cli.here(['load', ...BRIEF, '--target', server.url]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/answers name several models: .*another x \d.* and m was asked for/);
  });
});

describe('a smoke test of a server of a model', () => {
  const smoke = (...args: readonly string[]) => cli.jsonHere(['smoke', ...args]);

  it.each(['openai-chat', 'openai-completions', 'ollama-chat', 'ollama-generate'])(
    '%s: streamed, one after another',
    async (api) => {
      const server = await serve({ isOllama: true });
      const { code, envelope } = await smoke('--api', api, '--target', server.url, '--count', '2', '--max-tokens', '9');
      expect(code).toBe(0);
      expect(envelope.result).toMatchObject({ api, model: 'm', passed: 2, failed: 0, mean: { tokens: 3 } });
      expect(server.bodies).toHaveLength(2);
      expect(JSON.stringify(server.bodies[0])).toMatch(/"(max_tokens|num_predict)":9/);
    },
  );

  it('one that is not complete: exit 8, and the flag that mends it', async () => {
    const server = await serve({
      instead: (_, response, count) => {
        if (count < 2) return false;
        json(response, 404, { error: { message: "model 'm' not found" } });
        return true;
      },
    });
    const { code, stdout } = await cli.here(['smoke', '--model', 'm', '--target', server.url, '--count', '2']);
    expect(code).toBe(8);
    expect(stdout).toContain("2: HTTP 404 error: model 'm' not found");
    expect(stdout).toContain('1 complete, 1 failed');
    expect((await smoke('--api', 'raw')).code).toBe(2);
    expect((await smoke('--count', '2')).code).toBe(2);
  });
});
