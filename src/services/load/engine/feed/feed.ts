/** Where a request stands in a conversation. */
export interface Turn {
  /** Number of the session in its point. */
  readonly session: number;
  /** The first is 0. */
  readonly turn: number;
  /** What the target answered to the turns before, in order. */
  readonly answers: readonly string[];
}

/** A request that is to be sent now. */
export interface Due {
  /** Number in the point, over all its generators; negative in the warm-up. */
  readonly index: number;
  /** From when its response time counts, milliseconds from t0. */
  readonly intendedMs: number;
  /** How much later than it could have gone it goes, milliseconds. */
  readonly latenessMs: number;
  /** Present where requests belong to sessions. */
  readonly turn?: Turn;
}

/** How the sessions of a point came out that ended in its window or its drain. */
export interface SessionCounts {
  /** All turns answered. */
  readonly complete: number;
  /** A turn failed or was dropped: there is nothing to go on from. */
  readonly broken: number;
  /** The point was over before the next turn was due. */
  readonly cut: number;
}

/**
 * What is due when. The only one who knows why a request goes: the loop around it sends what is due, and says what came
 * of it. All times are milliseconds from t0.
 */
export interface Feed {
  /** When the next request is due; infinite while none is known to come, or none will. */
  nextMs(nowMs: number): number;
  /** Takes the request that is due. It was sent, or dropped, and {@link ended} says what came of it. */
  take(nowMs: number): Due;
  /** A taken request has ended. @param answer its text where it succeeded and {@link keepsText}; undefined: it failed */
  ended(due: Due, nowMs: number, answer: string | undefined): void;
  /** Whether the text of an answer is needed for what follows it. */
  readonly keepsText: boolean;
  /** Whether a new request may come of one that ends: then somebody has to look at once. */
  readonly follows: boolean;
  /** Due beside the timetable, whose instants the ticker knows; infinite where nothing is. */
  alarmMs(): number;
  /** Whether nothing is left to send but what open requests may bring. */
  readonly exhausted: boolean;
  /** Nothing more is taken. @returns requests of the window that were due and were not taken */
  close(): number;
  readonly sessions: SessionCounts | undefined;
}
