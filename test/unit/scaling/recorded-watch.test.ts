import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
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
