import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { createLab } from '../services/lab.ts';
import { pointOf, sweep } from './lab.ts';

const lab = createLab();
const TOKEN = 'the-token-of-this-test';

async function guardedB(): Promise<string> {
  const engine = await lab.engine();
  return `${(await lab.b(engine.url, { AUTH_TOKEN: TOKEN })).url}/invoke`;
}

test('a sweep that has the token is let in, and writes it nowhere', async () => {
  const outcome = await sweep(
    await guardedB(),
    { rates: [20], probe: true, gateSeconds: 1 },
    { headers: { authorization: `Bearer ${TOKEN}` } },
  );
  expect(pointOf(outcome)).toMatchObject({ sent: 12, outcomes: { ok: 12 } });
  expect(JSON.stringify([outcome.report, outcome.events])).not.toContain(TOKEN);
  const names = await readdir(outcome.out, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(await readFile(file, 'utf8'), file).not.toContain(TOKEN);
});

test('without it the sweep does not begin, and says what to do; with a wrong one, too', async () => {
  const url = await guardedB();
  const refused = { code: 'unauthorized', exit: ExitCode.configuration };
  await expect(sweep(url, { probe: true })).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('asks for a token'),
    nextSteps: [expect.stringContaining('--token-file')],
  });
  await expect(
    sweep(url, { probe: true }, { headers: { authorization: 'Bearer another-token-of-length' } }),
  ).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('refuses the token'),
  });
});

test('where it is offered all the same, every refusal is in the record as what it was', async () => {
  const outcome = await sweep(await guardedB(), { rates: [20] });
  const point = pointOf(outcome);
  expect(point.outcomes).toMatchObject({ ok: 0, http_error: 12 });
  expect(JSON.stringify(point)).toContain('401');
});
