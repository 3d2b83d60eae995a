import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import type { Event } from '../../../src/events.ts';
import { exitOfWatch } from '../../../src/services/results/exit-codes.ts';
import { readTimeline } from '../../../src/services/scaling/read-timeline.ts';
import { recordedWatch, WatchLost } from '../../../src/services/scaling/recorded-watch.ts';
import { group, heldClock, instance } from './samples.ts';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'chainctl-watch-'));
});
afterEach(() => rm(out, { recursive: true }));

const gone = new RemedyError('there is no group g', { code: 'x', exit: ExitCode.configuration, nextSteps: ['deploy'] });

/** A watch of a group that is gone after so many looks. */
function watch(looks: number) {
  const { clock } = heldClock();
  let seen = 0;
  const source = {
    name: 'g',
    async sample() {
      seen += 1;
      if (seen > looks) throw gone;
      return group([instance('b-1')], { at: clock.now() });
    },
  };
  const deps = { source, clock, emit: () => {}, signal: new AbortController().signal };
  return recordedWatch({ outFolder: out, tag: 'gcp' }, { intervalSeconds: 5 }, deps);
}

it('a watch that loses its group says where what it saw is', async () => {
  const lost = await watch(2).catch((error: unknown) => error);
  if (!(lost instanceof WatchLost)) throw lost;
  expect(lost).toMatchObject({ message: 'there is no group g', code: 'x', exit: ExitCode.configuration });
  const [folder = ''] = (await readdir(out)).filter((name) => name.endsWith('-gcp-scale'));
  expect(lost.runFolder).toBe(join(out, folder));
  expect(lost.nextSteps).toEqual(['deploy', `what was seen until then: chainctl report ${join(out, folder)}`]);
  expect((await readTimeline(lost.runFolder))?.samples).toHaveLength(2);
});

it('a watch that never saw its group has nothing to keep', async () => {
  await expect(watch(0)).rejects.toBe(gone);
});

it('a watch whose timeline cannot be written goes on, says so once, and does not end well', async () => {
  const { clock } = heldClock();
  const [problems, notes]: [string[], string[]] = [[], []];
  const source = { name: 'g', sample: async () => group([instance('b-1')], { at: clock.now() }) };
  const signal = new AbortController().signal;
  const emit = (event: Event) => void (event.type === 'note' && notes.push(event.text));
  // As a disk that is full: every write to it is refused.
  const folder = join(out, 'run');
  await mkdir(folder);
  await symlink('/dev/full', join(folder, 'scale.jsonl'));
  const onProblem = (text: string) => void problems.push(text);
  const record = { outFolder: out, folder, tag: 'gcp', onProblem };
  const report = await recordedWatch(record, { intervalSeconds: 5, forSeconds: 20 }, { source, clock, emit, signal });
  expect(report).toMatchObject({ end: 'for', looks: 5 });
  expect(report.problem).toMatch(/^cannot write .*scale\.jsonl: the disk is full/);
  expect(problems).toEqual([report.problem]);
  expect(notes).toEqual([report.problem]);
  expect(exitOfWatch(report, signal)).toBe(ExitCode.configuration);
  expect((await readFile(report.scaleCsv, 'utf8')).trim().split('\n')).toHaveLength(6);
});
