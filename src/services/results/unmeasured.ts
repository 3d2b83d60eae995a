import type { Unmeasured } from '../load/types.ts';
import { display } from './text.ts';

/** Rates whose reasons are given; the remarks have those of the others. */
const MOST = 3;

/** Which rates of a search were not measured, and why; nothing where there are none. */
export function unmeasuredLine(unmeasured: Unmeasured, unit: string): string[] {
  if (unmeasured.length === 0) return [];
  const shown = unmeasured.slice(0, MOST).map(({ rate, why }) => `${rate} ${unit} (${display(plain(why))})`);
  const left = unmeasured.length - shown.length;
  const isMachine = unmeasured.some(({ why }) => why.startsWith(MACHINE));
  const isFull = unmeasured.some(({ why }) => / dropped at \d+ in flight/.test(why));
  const more = `a machine with less to do, or a faster one,${isFull ? ' or more --max-in-flight' : ''} tells more`;
  const next = isMachine ? `: ${more}` : '';
  return [`Not measured: ${shown.join(', ')}${left === 0 ? '' : ` and ${left} more, see the remarks`}${next}.`];
}

const MACHINE = 'client-limited';

/** `this machine: lateness p99 9.0 ms, 1.0 ms allowed`. */
function plain(why: string): string {
  return why.replace(/^client-limited \((.*)\)$/s, 'this machine: $1');
}
