import { createHash } from 'node:crypto';
import { sourceDigest } from './disk.ts';
import { Broken, diskFault, Fatal } from './faults.ts';
import { toldSha256 } from './heads.ts';
import { find } from './request.ts';
import { type Settings, shownUrl } from './settings.ts';
import { COMMON_HEADERS, Stalled, Transfer, unverifiable, type World } from './transfer.ts';

/** Attempts in a row that bring nothing. */
const ATTEMPTS = 5;
const PAUSES_SECONDS = [1, 2, 4, 8, 16];
/** What an attempt has to bring that was given up for being slow: else a drip would go on for ever. */
const WORTH_BYTES = 1024 * 1024;
const LOCK_PAUSE_MS = 500;
const LOCK_TOLD_EVERY = 10;
const HEAD_MS = 30_000;

/**
 * Sees that a model is in its folder, whole and right: looks at what is there, else downloads it, going on with what an
 * earlier run has left. Killed at any instant, the same call goes on.
 *
 * @returns what was done, for a person
 * @throws Fatal with a message and an exit code
 */
export async function ensureModel(settings: Settings, world: World): Promise<string> {
  const unlock = await lock(settings, world);
  try {
    return (await lookAt(settings, world)) ?? (await download(settings, world));
  } catch (error) {
    if (error instanceof Fatal) throw error;
    if (error instanceof Broken) throw new Fatal(error.message);
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : diskFault(error, settings.folder);
  } finally {
    unlock();
  }
}

/** Waits while another process has the lock: what that brings need not be brought again. */
async function lock({ file, folder }: Settings, { disk, sleep, say }: World): Promise<() => void> {
  for (let tries = 0; ; tries++) {
    let unlock: (() => void) | undefined;
    try {
      unlock = disk.lock();
    } catch (error) {
      throw new Fatal(
        `cannot lock ${file} in ${folder}: ${(error as Error).message}; is the folder there, and writable?`,
      );
    }
    if (unlock !== undefined) return unlock;
    if (tries % LOCK_TOLD_EVERY === 0) say(`another download of ${file} is under way: waiting for it`);
    await sleep(LOCK_PAUSE_MS);
  }
}

/** What is there already. @returns undefined where nothing is there, or what was there is wrong and is deleted */
async function lookAt(settings: Settings, world: World): Promise<string | undefined> {
  const { disk, say } = world;
  const facts = await disk.facts();
  if (facts === undefined) return undefined;
  const { file } = settings;
  const kept = await disk.kept();
  const source = sourceDigest(settings.url);
  const isAsRecorded =
    kept?.size === facts.size && (kept.mtime === facts.mtime || kept.mtime === Math.floor(facts.mtime / 1000));
  // Another address means another file, unless its checksum says that it is this one.
  const isSameSource = kept?.source === undefined || kept.source === source;
  if (isAsRecorded && (settings.sha256 ?? kept?.sha256) === kept?.sha256 && (settings.sha256 ?? isSameSource)) {
    return `${file} is there already`;
  }
  const expected = settings.sha256 ?? (isSameSource ? kept?.sha256 : undefined) ?? (await ask(settings, world));
  if (expected === undefined && !settings.allowUnverified) throw unverifiable(settings);
  if (isAsRecorded && kept !== undefined && expected !== undefined && expected !== kept.sha256) {
    return forget(settings, world, kept.sha256, expected);
  }
  say(`checking ${file}, which is there`);
  const hash = createHash('sha256');
  await disk.read('model', (bytes) => void hash.update(bytes));
  const actual = hash.digest('hex');
  if (expected !== undefined && actual !== expected) return forget(settings, world, actual, expected);
  await disk.keep({ sha256: actual, source });
  return expected === undefined ? `${file} is there, unverified` : `${file} is there and right`;
}

async function forget({ file }: Settings, { disk, say }: World, actual: string, expected: string): Promise<undefined> {
  say(`${file} is there with SHA-256 ${actual}, and ${expected} is wanted: deleting it`);
  await disk.discard();
}

/** The checksum that the server tells, without the file. */
async function ask({ url }: Settings, world: World): Promise<string | undefined> {
  const abort = new AbortController();
  const stop = world.every(HEAD_MS, () => abort.abort());
  try {
    const { answer, heads } = await find(url, COMMON_HEADERS, world.send, abort.signal);
    answer.close();
    return toldSha256(heads);
  } finally {
    stop();
  }
}

async function download(settings: Settings, world: World): Promise<string> {
  const { file, folder, url } = settings;
  const { disk, say } = world;
  const part = await disk.openPart();
  try {
    const transfer = await Transfer.open(settings, world, part);
    const from = transfer.offset === 0 ? '' : `, going on after ${Math.round(transfer.offset / 1e6)} MB`;
    say(`downloading ${file} from ${shownUrl(url)}${from}`);
    await complete(transfer, settings, world);
    const [actual, { expected }] = [transfer.digest(), transfer];
    if (expected === undefined && !settings.allowUnverified) throw unverifiable(settings);
    if (transfer.offset === 0) throw new Fatal(`${shownUrl(url)} sends an empty file`);
    if (expected !== undefined && actual !== expected) {
      await disk.discardPart();
      const told = settings.sha256 === undefined ? `${url.host} tells` : 'MODEL_SHA256 says';
      throw new Fatal(`${file} is not what it should be: its SHA-256 is ${actual}, and ${told} ${expected}`);
    }
    await disk.publish(part);
    await disk.keep({ sha256: actual, source: sourceDigest(url) });
    const size = `${Math.round(transfer.offset / 1e6)} MB`;
    return `${file} is complete in ${folder}: ${size}, ${expected === undefined ? 'unverified, ' : ''}SHA-256 ${actual}`;
  } finally {
    await part.close();
  }
}

/** Attempts until it is whole. Each goes on where the last one ended. */
async function complete(transfer: Transfer, { file }: Settings, { sleep, say }: World): Promise<void> {
  let farthest = transfer.offset;
  let inVain = 0;
  let pauses = 0;
  for (;;) {
    const before = transfer.offset;
    try {
      return await transfer.attempt();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const gained = transfer.offset - Math.max(farthest, before);
      farthest = Math.max(farthest, transfer.offset);
      if (gained > (error instanceof Stalled ? WORTH_BYTES : 0)) inVain = pauses = 0;
      else inVain++;
      if (inVain >= ATTEMPTS) {
        throw new Fatal(
          `${file} could not be downloaded: ${error.message} (${ATTEMPTS} attempts in a row brought nothing)`,
        );
      }
      const pause = Math.max(PAUSES_SECONDS[pauses++] ?? 16, error.retryAfter ?? 0);
      say(`${error.message}; again in ${pause} s`);
      await sleep(pause * 1000);
    }
  }
}
