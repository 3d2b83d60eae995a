import type { Waterfall } from '../load/types.ts';
import { rateText, timeText } from './text.ts';

/** From this part of the time on, an engine has hardly a moment without work. */
const BUSY = 0.8;
/** Below this part, nothing waits as long as it works. */
const HALF = 0.5;

/** What was at work behind a target. */
export interface Worked {
  /** Answers per second. */
  readonly servedRps: number;
  readonly waterfall: Waterfall;
  /** Instances of B that answered. */
  readonly hosts: number;
}

/**
 * Whether the models work so much that answers can wait for them at all. What an engine does not account for is waiting
 * for a slot and a rest that is there on an idle engine, too.
 */
export function isWorked({ servedRps, waterfall }: Worked): boolean {
  return (servedRps * workOf(waterfall)) / 1000 >= HALF;
}

/**
 * What helps where requests wait. A full queue alone does not tell: slots and instances help where the engine or its
 * machine has room, and where the models work all the time it has none.
 *
 * @param longest the service whose requests wait longest
 */
export function queueRemedy(longest: 'A' | 'B', { waterfall, servedRps, hosts }: Worked): string {
  const { aWork, bWork, a, bModel } = waterfall;
  const [own = 0, engines] = longest === 'A' ? [aWork && a, 1] : [bWork && bModel, Math.max(1, hosts)];
  const all = workOf(waterfall);
  const isBusy = (ms: number) => (servedRps * ms) / 1000 >= BUSY;
  const by = (ms: number) => `${rateText(servedRps)}/s x ${timeText(ms)}`;
  if (isBusy(own / engines)) {
    const which = engines === 1 ? `${longest}'s engine works` : "B's engines work";
    const over = engines === 1 ? '' : ` over ${engines} instances`;
    return (
      `${which} nearly all the time (${by(own)}${over}): the machine or the model is the limit. ` +
      `${longest === 'A' ? 'A' : 'More instances of B on other machines, a'} faster machine, a smaller model or ` +
      'shorter answers help; more slots share the same processor.'
    );
  }
  if (isBusy(all)) {
    // B alone has no A.
    const who = a === 0 ? "B's instances" : 'A and B';
    return (
      `Where ${who} share an engine or a machine, that works nearly all the time (${by(all)}) and is the limit: a ` +
      'faster one, a smaller model or shorter answers help, more slots or instances there do not.'
    );
  }
  return longest === 'A'
    ? "More slots of A's engine shorten it, where its machine has room."
    : 'More instances of B, or more slots of its engine where its machine has room, shorten it.';
}

/** Milliseconds that models worked for an answer, as far as their engines tell it. */
function workOf({ aWork, bWork, a, bModel }: Waterfall): number {
  return (aWork === undefined ? 0 : a) + (bWork === undefined ? 0 : bModel);
}
