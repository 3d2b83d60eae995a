import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { hasCode } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { SeriesSample } from '../load/record/read-run.ts';
import { parseJson } from '../words.ts';
import type { LoadSample } from './types.ts';

const SERIES = 'series.jsonl';
/** A load writes a line a second; one that has been quiet for longer waits between points, was killed or hangs. */
const QUIET_MS = 10_000;
/** A point that drains tells every second how much is open; one that has ended tells nothing. */
const ENDED_MS = 3000;
/** A run that is older than so many others is not looked at in every poll. */
const NEWEST = 50;
/** The end of a file is enough for the first poll. */
const TAIL_BYTES = 16 * 1024;

/**
 * The folder of the youngest run below `outFolder` that is being written.
 *
 * @returns undefined when no load runs
 */
export async function findLiveRun(outFolder: string, now: number): Promise<string | undefined> {
  const names = (await unlessMissing(readdir(outFolder), [])).filter((name) => /^\d{8}-\d{6}-/.test(name));
  // The names begin with the time. Of several that run, the youngest is meant.
  for (const name of names.sort().reverse().slice(0, NEWEST)) {
    const folder = join(outFolder, name);
    const changed = await stat(join(folder, SERIES)).catch(() => undefined);
    if (changed === undefined || now - changed.mtimeMs > QUIET_MS) continue;
    const manifest = parseJson(await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => ''));
    if ((manifest as { readonly status?: unknown } | undefined)?.status === 'running') return folder;
  }
  return undefined;
}

async function unlessMissing<T>(read: Promise<T>, none: T): Promise<T> {
  return read.catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return none;
    throw error;
  });
}

/**
 * Follows the load that writes to a results folder: each call reads the seconds that it has recorded since the call
 * before.
 *
 * @param find the folder of the run to follow, asked for at each call
 * @returns what a call resolves to: undefined while no load runs, or nothing new was recorded for a while
 */
export function followLoad(
  find: () => Promise<string | undefined>,
  clock: Pick<Clock, 'monotonic'>,
): () => Promise<LoadSample | undefined> {
  let followed: string | undefined;
  let offset = 0;
  let last: { readonly sample: LoadSample; readonly at: number } | undefined;
  // What a point still gets answered is told with the next second of the one that has taken over.
  let held: SeriesSample[] = [];
  let newest = -1;
  const open = new Map<number, { readonly inFlight: number; readonly at: number }>();
  return async () => {
    const folder = await find();
    if (folder === undefined) return undefined;
    if (folder !== followed) {
      followed = folder;
      const known = await stat(join(folder, SERIES)).catch(() => undefined);
      offset = Math.max(0, (known?.size ?? 0) - TAIL_BYTES);
      last = undefined;
      held = [];
      newest = -1;
      open.clear();
    }
    const read = await unlessMissing(buffer(createReadStream(join(folder, SERIES), { start: offset })), Buffer.of());
    // Whole lines only; what was cut off at either end comes with the next poll, or belongs to the past.
    const end = read.lastIndexOf('\n') + 1;
    const lines = read.toString('utf8', 0, end).split('\n');
    const seconds = lines.flatMap((line) => (parseJson(line) as SeriesSample | undefined) ?? []);
    // At the first poll only the latest second tells of now.
    held.push(...(last === undefined ? seconds.slice(-1) : seconds));
    const now = clock.monotonic();
    for (const { index, inFlight } of held) open.set(index, { inFlight, at: now });
    for (const [index, { at }] of open) if (now - at > ENDED_MS) open.delete(index);
    const sample = loadOf(held, newest, new Map([...open].map(([index, { inFlight }]) => [index, inFlight])));
    offset += end;
    // Where points follow each other without a pause, the next one's first second is told a moment later.
    const onlyJust = (last?.sample.offeredRps ?? 0) > 0 && held.length < 2;
    if (sample !== undefined && !(sample.offeredRps === 0 && onlyJust)) {
      last = { sample, at: clock.monotonic() };
      newest = Math.max(newest, ...held.map(({ index }) => index));
      held = [];
    }
    // Polls closer than a second find nothing new: what was seen a moment ago still holds.
    if (last === undefined || clock.monotonic() - last.at > QUIET_MS) return undefined;
    return last.sample;
  };
}

/**
 * Seconds of a load as one sample; undefined without any. Those of a warm-up are left out, since their answers are not
 * counted, and so is the rest of a second between two points. A point that drains for longer offers nothing. Where the
 * next point begins meanwhile, what the one before still gets answered counts beside it.
 *
 * @param newest index of the youngest point that was seen before
 * @param open requests in flight of points before it, by index, as last told
 */
export function loadOf(
  all: readonly SeriesSample[],
  newest = -1,
  open: ReadonlyMap<number, number> = new Map(),
): LoadSample | undefined {
  const beside: SeriesSample[] = [];
  const own: SeriesSample[] = [];
  let youngest = newest;
  for (const second of all) {
    (second.index < youngest ? beside : own).push(second);
    youngest = Math.max(youngest, second.index);
  }
  const measured = own.filter(({ phase }) => phase === 'measure');
  const seconds = measured.length > 0 ? measured : own.filter(({ phase }) => phase === 'drain');
  const latest = seconds.at(-1);
  if (latest === undefined) return undefined;
  const mean = (of: (second: SeriesSample) => number, more = 0) =>
    Number(((seconds.reduce((sum, second) => sum + of(second), 0) + more) / seconds.length).toFixed(3));
  const answered = beside.reduce((sum, { ok }) => sum + ok, 0);
  const inFlight = new Map([...open, ...all.map((second): [number, number] => [second.index, second.inFlight])]);
  return {
    offeredRps: mean(({ phase, rate }) => (phase === 'drain' ? 0 : rate)),
    okRps: mean(({ ok }) => ok, answered),
    inFlight: [...inFlight.values()].reduce((sum, each) => sum + each, 0),
  };
}
