import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { hasCode } from '../../errors.ts';
import type { Clock } from '../clock.ts';
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

/** A lock of another machine that was not touched for this long belongs, in all likelihood, to a dead command. */
const SILENT_SECONDS = 60;

export interface LockView {
  /** The file's content: what it must still hold when it is taken away. */
  readonly text: string;
  readonly holder: LockHolder | undefined;
  /** The holder in words: `ann, pid 12 on elsewhere, since ..., for "chainctl deploy local"`. */
  readonly who: string;
  /**
   * What can be said of it from here: `alive` and `dead` of a process of this machine; `beating` and `silent` of one of
   * another machine, whose process nobody here can see; `damaged` of a file that names nobody.
   */
  readonly verdict: 'alive' | 'dead' | 'beating' | 'silent' | 'damaged';
  /** Since the last heartbeat, in words. */
  readonly quiet: string;
}

export interface LockJudge {
  readonly clock: Pick<Clock, 'now'>;
  readonly self: Pick<LockHolder, 'host'>;
  /** Whether this process of this machine still runs: same pid and same start. */
  isAlive(holder: Pick<LockHolder, 'pid' | 'startedAt'>): Promise<boolean>;
}

/** Looks at a lock without touching it; undefined where there is none. */
export async function inspectLock(path: string, judge: LockJudge): Promise<LockView | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const holder = holderSchema.safeParse(parseJson(text)).data;
    const seconds = Math.max(0, (judge.clock.now() - mtimeMs) / 1000);
    const quiet = seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
    if (holder === undefined) return { text, holder, quiet, who: 'an unknown holder', verdict: 'damaged' };
    const { user, pid, host, since, command } = holder;
    const isHere = host === judge.self.host;
    const who = `${user}, pid ${pid}${isHere ? '' : ` on ${host}`}, since ${since}, for "${command}"`;
    if (!isHere) return { text, holder, quiet, who, verdict: seconds > SILENT_SECONDS ? 'silent' : 'beating' };
    return { text, holder, quiet, who, verdict: (await judge.isAlive(holder)) ? 'alive' : 'dead' };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
