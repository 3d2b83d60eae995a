import { defined } from '../../../defined.ts';
import { type TimetableData, timetableOf } from '../../schedule/timetable.ts';
import { AskPlan } from '../../workload/ask-plan.ts';
import { drawLength } from '../../workload/lengths.ts';
import { LoadedData } from '../../workload/loaded.ts';
import { randomOf } from '../../workload/random.ts';
import type { RunOrder } from '../protocol.ts';
import { ClosedFeed } from './closed-feed.ts';
import type { Feed } from './feed.ts';
import { SessionFeed } from './session-feed.ts';
import type { SessionTerms } from './session-tally.ts';
import { TimetableFeed } from './timetable-feed.ts';

/** What differs between sessions: a recorded conversation ends with its last turn, and times to think may be drawn. */
function sessionsOf({ workload, seed, turns = 1, think }: RunOrder, data: LoadedData): Partial<SessionTerms> {
  const plan = turns > 1 && workload !== undefined ? new AskPlan(workload, seed, data) : undefined;
  return defined({
    turnsOf: plan && ((session: number) => plan.turnsOf(session)),
    thinkMsOf: think && ((session: number, turn: number) => drawLength(think, randomOf(seed, 'think', session, turn))),
  });
}

/** No instant is known before: a closed loop. */
const NO_TIMETABLE: TimetableData = { rate: 1, first: 0, end: 0 };

/** What decides when the requests of a point go, and the instants of it that are known before. */
export function feedOf(
  order: RunOrder,
  data = new LoadedData(),
): { readonly feed: Feed; readonly timetable: TimetableData } {
  const { concurrency, turns = 1, thinkMs = 0, durationMs } = order;
  const own = sessionsOf(order, data);
  if (concurrency !== undefined) {
    return { feed: new ClosedFeed({ ...order, ...own, concurrency }), timetable: NO_TIMETABLE };
  }
  if (turns === 1) {
    const timetable = timetableOf(order);
    return { feed: new TimetableFeed(timetable), timetable };
  }
  // Further turns count as requests, too: the timetable does not tell when there are enough.
  const { requests, ...starts } = order;
  const timetable = timetableOf(starts);
  return {
    feed: new SessionFeed(timetable, defined({ turns, thinkMs, durationMs, requests, ...own }), order.share),
    timetable,
  };
}
