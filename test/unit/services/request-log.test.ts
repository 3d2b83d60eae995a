import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RequestLog } from '../../../templates/services/common/request-log.ts';

test('while the file cannot be written, memory is bounded; when it can, order is kept and the loss is told', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'chainctl-log-')), 'blocked', 'requests.jsonl');
  // A folder where the file should be: opening fails until it is out of the way.
  mkdirSync(path, { recursive: true });
  const warnings: string[] = [];
  const log = new RequestLog({
    path,
    warn: (line) => warnings.push(line),
    maxBufferedBytes: 100,
    flushMs: 1,
    retryMs: 5,
  });
  for (let i = 0; i < 1000; i++) log.write({ i });
  await expect.poll(() => warnings).toEqual([expect.stringContaining('cannot be written')]);
  rmdirSync(path);
  await expect.poll(() => warnings.length).toBe(2);
  expect(warnings[1]).toMatch(/can be written again; 9\d\d lines were lost/);
  log.write({ i: 'after' });
  await log.close(1000);
  const kept = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(kept[0]).toBe('{"i":0}');
  expect(kept[1]).toBe('{"i":1}');
  expect(kept.at(-1)).toBe('{"i":"after"}');
  expect(kept.length).toBeLessThan(20);
});
