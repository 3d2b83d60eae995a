import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { hasCode } from '../../errors.ts';
import { parseJson } from '../words.ts';

const holderSchema = z.object({
  host: z.string(),
  user: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  command: z.string(),
  since: z.string(),
});

/** Who holds a stack, since when and for what. */
export type LockHolder = z.infer<typeof holderSchema>;

/** How often the holder touches its lock, milliseconds. */
export const HEARTBEAT_MS = 5000;
/** A lock of another machine that was not touched for this long belongs, in all likelihood, to a dead command. */
const SILENT_SECONDS = 60;

/**
 * What can be said of a lock from here: `alive` and `dead` of a process of this machine; `beating` and `silent` of one
 * of another machine, whose process nobody here can see; `damaged` of a file that names nobody.
 */
type LockVerdict = 'alive' | 'dead' | 'beating' | 'silent' | 'damaged';

/** A lock as it was found. */
export interface LockView {
  /** The file's content: what it must still hold when it is taken away. */
  readonly text: string;
  readonly holder: LockHolder | undefined;
  readonly verdict: LockVerdict;
  /** Since the last heartbeat. */
  readonly quietSeconds: number;
}

export interface LockJudge {
  /** The machine that looks. */
  readonly host: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Whether this process of this machine still runs: same pid and same start. */
  isAlive(holder: Pick<LockHolder, 'pid' | 'startedAt'>): Promise<boolean>;
}

/** Looks at a lock without touching it; undefined where there is none. */
export async function inspectLock(path: string, judge: LockJudge): Promise<LockView | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const holder = holderSchema.safeParse(parseJson(text)).data;
    const quietSeconds = Math.max(0, (judge.now() - mtimeMs) / 1000);
    return { text, holder, quietSeconds, verdict: await judgeHolder(holder, quietSeconds, judge) };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function judgeHolder(
  holder: LockHolder | undefined,
  quietSeconds: number,
  judge: LockJudge,
): Promise<LockVerdict> {
  if (holder === undefined) return 'damaged';
  if (holder.host !== judge.host) return quietSeconds > SILENT_SECONDS ? 'silent' : 'beating';
  return (await judge.isAlive(holder)) ? 'alive' : 'dead';
}

/** Who it is, in words: `ann, pid 12 on elsewhere, since ..., for "chainctl deploy local"`. */
export function describeHolder({ user, pid, host, since, command }: LockHolder, hereHost: string): string {
  return `${user}, pid ${pid}${host === hereHost ? '' : ` on ${host}`}, since ${since}, for "${command}"`;
}

/** How long a lock has been quiet, in words. */
export function describeQuiet(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
