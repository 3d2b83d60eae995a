import { remedy } from '../../errors.ts';
import { takeAway } from './lock.ts';
import { describeHolder, type LockJudge, type LockView } from './lock-holder.ts';

/**
 * Releases a lock that its holder will not release.
 *
 * @param view what the operator was shown: only that lock is taken, not one that came after it
 * @param force also when the holder lives; its command stops at its next write
 * @throws RemedyError (exit 6) when the holder lives, or the lock has changed hands since
 */
export async function breakLock(
  path: string,
  view: LockView,
  { force, judge }: { readonly force: boolean; readonly judge: Pick<LockJudge, 'host'> },
): Promise<void> {
  const { holder, verdict } = view;
  if (!force && holder !== undefined && (verdict === 'alive' || verdict === 'beating')) {
    const where = verdict === 'alive' ? `kill ${holder.pid}` : `on ${holder.host}: kill ${holder.pid}`;
    throw remedy.locked('lock-alive', `a running command holds the lock: ${describeHolder(holder, judge.host)}`, [
      'wait until that command has ended',
      `or end it, ${where}`,
      'or take the lock with --force: that command then stops at its next write',
    ]);
  }
  if (await takeAway(path, view.text)) return;
  throw remedy.locked('locked', 'the lock has got another holder in the meantime, and was left as it is', [
    'run the command again to see who holds it now',
  ]);
}
