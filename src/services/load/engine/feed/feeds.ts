import { defined } from '../../../defined.ts';
import { type TimetableData, timetableOf } from '../../schedule/timetable.ts';
import type { RunOrder } from '../protocol.ts';
import { ClosedFeed } from './closed-feed.ts';
import type { Feed } from './feed.ts';
import { SessionFeed } from './session-feed.ts';
import { TimetableFeed } from './timetable-feed.ts';

/** No instant is known before: a closed loop. */
const NO_TIMETABLE: TimetableData = { rate: 1, first: 0, end: 0 };

/** What decides when the requests of a point go, and the instants of it that are known before. */
export function feedOf(order: RunOrder): { readonly feed: Feed; readonly timetable: TimetableData } {
  const { concurrency, turns = 1, thinkMs = 0, durationMs } = order;
  if (concurrency !== undefined) return { feed: new ClosedFeed({ ...order, concurrency }), timetable: NO_TIMETABLE };
  if (turns === 1) {
    const timetable = timetableOf(order);
    return { feed: new TimetableFeed(timetable), timetable };
  }
  // Further turns count as requests, too: the timetable does not tell when there are enough.
  const { requests, ...starts } = order;
  const timetable = timetableOf(starts);
  return {
    feed: new SessionFeed(timetable, defined({ turns, thinkMs, durationMs, requests }), order.share),
    timetable,
  };
}
