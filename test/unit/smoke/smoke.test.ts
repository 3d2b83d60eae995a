import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { urlFlag } from '../../../src/config/flags.ts';
import { serviceUrlFlags } from '../../../src/config/service-urls.ts';
import { systemClock } from '../../../src/runtime.ts';
import type { ChainClient } from '../../../src/services/chain/client.ts';
import { checkMeasured, checkMinimum, notMore } from '../../../src/services/smoke/check.ts';
import { junitOf, prepareReportFile, writeReportFile } from '../../../src/services/smoke/junit-file.ts';
import { runModelSmoke } from '../../../src/services/smoke/model-smoke.ts';
import { longPrompts, SHORT_PROMPT } from '../../../src/services/smoke/prompts.ts';
import { smokeTarget, smokeTargets } from '../../../src/services/smoke/targets.ts';

test('the short prompt is short in code points only', () => {
  expect([[...SHORT_PROMPT].length, SHORT_PROMPT.length]).toEqual([999, 1000]);
});

test('long prompts are long enough, and have nothing in common from the first letter on, in one run and from run to run', () => {
  const [one, other] = [longPrompts(1), longPrompts(2)];
  const prompts = [one(), one(), one(), other()];
  for (const prompt of prompts) expect([...prompt].length).toBe(1200);
  expect(new Set(prompts.map(([first]) => first)).size).toBe(4);
});

test('times: rounding is forgiven, more is not', () => {
  expect([notMore(1.01, 1), notMore(1.03, 1)]).toEqual([true, false]);
  expect(checkMinimum(4.99, 5)).toBeUndefined();
  expect(checkMinimum(0, undefined)).toBeUndefined();
  expect(checkMinimum(4.5, 5)).toBe('answered after 4.500 s, before the minimum processing time of 5 s');
  expect(checkMeasured(1, 1.2, 'x')).toBeUndefined();
  expect(checkMeasured(2, 1, 'x')).toBe('x is more than the 1.000 s that the whole request took here');
});

test('addresses of services may be socket files, and those that a service is given may not', async () => {
  const parse = (flag: { parse: unknown; name?: string }, text: string) =>
    (flag.parse as (...of: unknown[]) => Promise<string>)(text, undefined, { ...flag, name: 'b-url' });
  const of = serviceUrlFlags['b-url'] as { parse: unknown };
  expect(await parse(of, 'unix:/run/b.sock')).toBe('http+unix://%2Frun%2Fb.sock/');
  expect(await parse(of, 'http://b:8002')).toBe('http://b:8002');
  await expect(parse(of, 'b:8002')).rejects.toMatchObject({ exit: 2 });
  await expect(parse(urlFlag() as { parse: unknown }, 'unix:/run/b.sock')).rejects.toMatchObject({
    ...{ exit: 2, message: expect.stringContaining('is a socket file, and this is an address of the network') },
  });
});

describe('targets', () => {
  const stack = async () => ({ urls: { a: 'http://stack-a', b: 'http://stack-b' }, minProcessSeconds: 5 });

  test('a named A does not borrow from the stack', async () => {
    expect(await smokeTargets('default', { urls: { a: 'http://mine' } }, stack)).toEqual({
      urls: { a: 'http://mine' },
    });
  });

  test('without flags they are those of the stack; a flag wins over it', async () => {
    expect(await smokeTargets('default', { urls: {} }, stack)).toEqual(await stack());
    expect(await smokeTargets('default', { urls: {}, minProcessSeconds: 0 }, stack)).toMatchObject({
      minProcessSeconds: 0,
    });
  });

  test('a service by its name or path is the one of the stack; the first of the chain stands for all of it', async () => {
    const of = (target: string) => smokeTargets('default', { ...smokeTarget(target), urls: {} }, stack);
    expect(await of('chain')).toEqual(await stack());
    expect((await of('a')).urls).toEqual((await stack()).urls);
    expect((await of('invoke')).urls).toEqual({ b: 'http://stack-b' });
    expect(smokeTarget('http://x')).toEqual({ url: 'http://x' });
    const nothing = smokeTargets('demo', { ...smokeTarget('b'), urls: {} }, async () => ({ urls: {} }));
    await expect(nothing).rejects.toThrow('no service B is deployed in stack "demo"');
  });

  test('nothing named and nothing deployed: what to do', async () => {
    await expect(smokeTargets('demo', { urls: {} }, async () => ({ urls: {} }))).rejects.toMatchObject({
      message: 'nothing is deployed in stack "demo", so there is nothing to check',
      exit: 3,
      nextSteps: expect.arrayContaining(['chainctl deploy local --stack demo']),
    });
  });
});

test('JUnit: failures with what to do, skips, and what a CI groups by', () => {
  const base = { seconds: 0.0123456, expected: '200', actual: '502: <gone> & "lost"' };
  const xml = junitOf(
    {
      target: 'http://a',
      simulated: true,
      hosts: { h: 20 },
      passed: 1,
      failed: 1,
      skipped: 1,
      checks: [
        { ...base, id: 'a', name: 'A', status: 'passed' },
        { ...base, id: 'b', name: 'B', status: 'failed', remedy: 'look at the log' },
        { ...base, id: 'c', name: 'C', status: 'skipped' },
      ],
    },
    0,
  );
  expect(xml).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites tests="3" failures="1" errors="0" skipped="1">
      <testsuite name="chainctl smoke" timestamp="1970-01-01T00:00:00" time="0.037" tests="3" failures="1" errors="0" skipped="1">
        <properties>
          <property name="target" value="http://a"/>
          <property name="simulated" value="true"/>
          <property name="host h" value="20"/>
        </properties>
        <testcase classname="smoke.a" name="A" time="0.012">
          <system-out><![CDATA[expected: 200
    came: 502: <gone> & "lost"]]></system-out>
        </testcase>
        <testcase classname="smoke.b" name="B" time="0.012">
          <failure message="502: &lt;gone> &amp; &quot;lost&quot;" type="check-failed"><![CDATA[expected: 200
    came: 502: <gone> & "lost"
    do: look at the log]]></failure>
        </testcase>
        <testcase classname="smoke.c" name="C" time="0.012">
          <skipped/>
          <system-out><![CDATA[expected: 200
    came: 502: <gone> & "lost"]]></system-out>
        </testcase>
      </testsuite>
    </testsuites>"
  `);
});

describe('the report file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-junit-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('its folder is created, the file only when there is something to write', async () => {
    const path = join(folder, 'deep', 'er', 'smoke.xml');
    await prepareReportFile(path);
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeReportFile(path, '<x/>');
    expect(await readFile(path, 'utf8')).toBe('<x/>');
    await prepareReportFile(path);
  });

  test('what cannot be written is known before the checks', async () => {
    await writeFile(join(folder, 'file'), '');
    await mkdir(join(folder, 'taken'));
    // Under /proc nothing can be created, not even by root.
    for (const path of [join(folder, 'file', 'smoke.xml'), join(folder, 'taken'), '/proc/none/smoke.xml']) {
      await expect(prepareReportFile(path)).rejects.toMatchObject({ code: 'report-not-writable', exit: 3 });
    }
  });
});

/** Of a client whose every POST gets this stream, in pieces as they are on the wire. */
function streaming(text: string, onWire: string, status = 200) {
  const raw: ChainClient['raw'] = async ({ method, onRead }) => {
    if (method === 'POST') onRead?.(Buffer.from(onWire));
    return { kind: 'raw', status, text, simulated: false, seconds: 0.5 };
  };
  const client = { raw } as unknown as ChainClient;
  const signal = new AbortController().signal;
  const deps = { client, clock: systemClock, headers: {}, emit: () => {}, signal, commandLine: ['smoke'] };
  const target = { targetUrl: 'http://h/v1/chat/completions', api: 'openai-chat', model: 'm' };
  return runModelSmoke({ ...target, count: 1, timeoutSeconds: 1, seed: 1 }, { ...deps, flags: ['target', 'model'] });
}

const STREAM =
  'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';

test('a stream that came compressed is read all the same, and nothing is said of its first token', async () => {
  const [plain] = (await streaming(STREAM, STREAM)).requests;
  expect(plain).toMatchObject({ complete: true, tokens: 1, firstTokenSeconds: expect.any(Number) });
  const [coded] = (await streaming(STREAM, '\u001f\u008b...')).requests;
  expect(coded).toMatchObject({ complete: true, tokens: 1 });
  expect(coded).not.toHaveProperty('firstTokenSeconds');
  expect((await streaming(STREAM, STREAM, 201)).requests[0]).toMatchObject({ complete: true });
});

test('a step names a flag of another command as one of that', async () => {
  const said = JSON.stringify({ error: { message: 'temperature: too high' } });
  expect((await streaming(said, said, 400)).checks[0]?.remedy).toMatch(
    /^with "chainctl load": leave --temperature out/,
  );
});

test.each([
  ['ollama-chat', { maxTokensField: 'max_completion_tokens' }, '--max-tokens-field is no part of a request of the API'],
  ['raw', { maxTokens: 5 }, '--max-tokens is no part of a request of the API raw'],
] as const)(
  'a setting that %s has no field for is refused before anything is asked: %j',
  async (api, change, message) => {
    const target = { targetUrl: 'http://127.0.0.1:9/x', api, ...(api === 'raw' ? {} : { model: 'm' }) };
    const deps = {
      clock: systemClock,
      headers: {},
      emit: () => {},
      signal: new AbortController().signal,
      commandLine: [],
    };
    const client = new Proxy({} as ChainClient, { get: () => expect.fail('something was asked') });
    const smoke = runModelSmoke({ ...target, ...change, count: 1, timeoutSeconds: 1, seed: 1 }, { ...deps, client });
    await expect(smoke).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(message) });
  },
);
