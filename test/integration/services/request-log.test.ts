import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLab, LONG_PROMPT, post } from './lab.ts';

const lab = createLab();

test('one line per request, in order, in a file that only its owner can read, in a folder made for it', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'chainctl-log-')), 'deep', 'er', 'requests.jsonl');
  const b = await lab.b((await lab.engine()).url, { LOG_PATH: path });
  await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
  await post(`${b.url}/invoke`, { prompt: 'short' });
  for (let i = 0; i < 20; i++) await post(`${b.url}/invoke`, { prompt: 'x'.repeat(1000 + i) });
  b.signal('SIGTERM');
  expect(await b.exited).toBe(0);
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ts = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const request_id = expect.stringMatching(/^[\da-f-]{36}$/);
  expect(lines[0]).toEqual({
    service: 'b',
    status: 200,
    model: 'phi3:mini',
    prompt_len: LONG_PROMPT.length,
    ollama_seconds: expect.any(Number),
    total_seconds: expect.any(Number),
    queue_seconds: 0,
    engine_queue_seconds: expect.any(Number),
    load_seconds: expect.any(Number),
    prompt_seconds: expect.any(Number),
    generation_seconds: expect.any(Number),
    ts,
    request_id,
  });
  const error = 'prompt must be at least 1000 characters';
  expect(lines[1]).toEqual({ service: 'b', status: 400, error, ts, request_id });
  expect(lines.slice(2).map((line) => line.prompt_len)).toEqual(Array.from({ length: 20 }, (_, i) => 1000 + i));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.each(['/dev/full', '/proc/nowhere/requests.jsonl'])(
  '%s as the log: served all the same, one warning',
  async (path) => {
    const b = await lab.b((await lab.engine()).url, { LOG_PATH: path });
    for (let i = 0; i < 3; i++) expect((await post(`${b.url}/invoke`, { prompt: LONG_PROMPT })).status).toBe(200);
    await expect.poll(b.stderr).toContain('cannot be written, requests are served without it');
    expect((await post(`${b.url}/invoke`, { prompt: LONG_PROMPT })).status).toBe(200);
    b.signal('SIGTERM');
    expect(await b.exited).toBe(0);
    expect(b.stderr().match(/cannot be written/g)).toHaveLength(1);
  },
);
