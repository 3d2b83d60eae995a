import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SeriesSample } from '../../../src/services/load/record/read-run.ts';
import { findLiveRun, followLoad, loadOf } from '../../../src/services/scaling/load-beside.ts';
import { heldClock } from './samples.ts';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'chainctl-beside-'));
});
afterEach(() => rm(out, { recursive: true, force: true }));

const second = (n: number, more: Partial<SeriesSample> = {}): SeriesSample => ({
  ...{ index: 0, rate: 4, second: n, phase: 'measure', sent: 4, ok: 4, failed: 0, inFlight: 2, hosts: {} },
  ...more,
});
const line = (sample: SeriesSample) => `${JSON.stringify(sample)}\n`;

async function run(name: string, status: string, age = 0): Promise<string> {
  const folder = join(out, name);
  await mkdir(folder);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ status }));
  await writeFile(join(folder, 'series.jsonl'), line(second(0)));
  const at = new Date(Date.now() - age);
  await utimes(join(folder, 'series.jsonl'), at, at);
  return folder;
}

describe('a load beside a watch', () => {
  it('is the youngest run that is being written', async () => {
    expect(await findLiveRun(join(out, 'none'), Date.now())).toBeUndefined();
    await run('20260131-120000-a-chain', 'complete');
    await run('20260131-120001-a-chain', 'running', 60_000);
    expect(await findLiveRun(out, Date.now())).toBeUndefined();
    const live = await run('20260131-110000-a-chain', 'running');
    expect(await findLiveRun(out, Date.now())).toBe(live);
  });

  it('is told by the seconds since the look before', async () => {
    const folder = await run('20260131-120000-a-chain', 'running');
    const series = join(folder, 'series.jsonl');
    const { clock, pass } = heldClock();
    let live: string | undefined = folder;
    const look = followLoad(async () => live, clock);
    expect(await look()).toEqual({ offeredRps: 4, okRps: 4, inFlight: 2 });
    await appendFile(
      series,
      `${line(second(1, { ok: 2, inFlight: 6 }))}${line(second(2, { ok: 3, inFlight: 7 }))}{"cut`,
    );
    expect(await look()).toEqual({ offeredRps: 4, okRps: 2.5, inFlight: 7 });
    // Nothing new: what was seen a moment ago still holds, and not for ever.
    expect(await look()).toEqual({ offeredRps: 4, okRps: 2.5, inFlight: 7 });
    pass(11_000);
    expect(await look()).toBeUndefined();
    live = undefined;
    expect(await look()).toBeUndefined();
  });

  it('counts what is measured; a long drain offers nothing', () => {
    expect(loadOf([])).toBeUndefined();
    expect(loadOf([second(-1, { phase: 'warmup', ok: 0 })])).toBeUndefined();
    expect(loadOf([second(9), second(10, { phase: 'drain', ok: 1 })])).toEqual({
      offeredRps: 4,
      okRps: 4,
      inFlight: 2,
    });
    expect(loadOf([second(11, { phase: 'drain', ok: 1 })])).toEqual({ offeredRps: 0, okRps: 1, inFlight: 2 });
  });

  it('counts what an earlier point still gets answered beside the one that has taken over', async () => {
    const old = (n: number) => second(n, { phase: 'drain', ok: 2, inFlight: 5 });
    const next = (n: number) => second(n, { index: 1, rate: 8, ok: 1, inFlight: 7 });
    expect(loadOf([second(3), next(0), old(4), next(1)])).toEqual({ offeredRps: 6.667, okRps: 2.667, inFlight: 12 });

    const folder = await run('20260131-120000-a-invoke', 'running');
    const series = join(folder, 'series.jsonl');
    const look = followLoad(async () => folder, heldClock().clock);
    await look();
    // The first second of the next point is told a moment after the last of this one.
    await appendFile(series, line(old(1)));
    expect(await look()).toMatchObject({ offeredRps: 4 });
    await appendFile(series, `${line(next(0))}${line(old(2))}`);
    expect(await look()).toEqual({ offeredRps: 8, okRps: 3, inFlight: 12 });
    await appendFile(series, line(old(3)));
    expect(await look()).toMatchObject({ offeredRps: 8 });
    await appendFile(series, line(next(1)));
    expect(await look()).toEqual({ offeredRps: 8, okRps: 3, inFlight: 12 });
  });
});
