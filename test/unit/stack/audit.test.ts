import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { auditing } from '../../../src/services/stack/session.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: async () => {} };
const actor = { user: 'ann', command: 'chainctl deploy local' };
const self = { ...actor, host: 'here', pid: 1, startedAt: 'then' };
const started: Event = { type: 'step-started', key: 'a', action: 'create' };

describe('the audit log', () => {
  it('notes what changes a stack and passes everything on', async () => {
    const path = join(folder, 'audit.jsonl');
    const passed: Event[] = [];
    const audit = auditing(path, { self, emit: (event) => passed.push(event), clock });
    const waiting: Event = { type: 'step-waiting', key: 'a', action: 'ready', reason: 'not yet' };
    audit.emit(started);
    audit.emit(waiting);
    await audit.flush();
    expect(passed).toEqual([started, waiting]);
    expect(await readFile(path, 'utf8')).toBe(
      `${JSON.stringify({ at: '2026-01-01T00:00:00.000Z', ...actor, ...started })}\n`,
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('says once that it cannot be written, and stops nothing', async () => {
    const passed: Event[] = [];
    const audit = auditing('/dev/full', { self, emit: (event) => passed.push(event), clock });
    audit.emit(started);
    audit.emit(started);
    await audit.flush();
    expect(passed.filter(({ type }) => type === 'note')).toHaveLength(1);
  });
});
