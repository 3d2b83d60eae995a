import { askInFlight, cutOffText, drainReason, type InFlight } from '../../chain/drain.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { LOOPBACK } from './ports.ts';
import { pathsOf } from './replicas.ts';

/** How long a process with nothing in flight, or one that says nothing, may take to end, seconds. */
const STOP_SECONDS = 12;
const KILL_SECONDS = 5;
const POLL_MS = 50;
/** Between two questions for what is in flight. */
const ASK_MS = 500;

interface Stopping {
  readonly key: string;
  readonly port: number;
  /** What the process was told as `DRAIN_SECONDS`. */
  readonly drainSeconds: number;
  /** Whether the process is still the one it was; asked before each signal. */
  isAlive(): Promise<boolean>;
  send(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Whether an operator has interrupted an earlier stop of this process; a stop that was killed is none. */
  wasInterrupted(): Promise<boolean>;
  noteInterrupt(): Promise<void>;
}

/**
 * TERM, after which a service ends its requests in flight for at most `drainSeconds`; then KILL. Says what is waited for,
 * and what was cut off. A process that drains already is waited for until its time is over, but ends at once where an
 * operator has interrupted the stop before.
 */
export async function stopProcess(process: Stopping, context: ResourceContext): Promise<void> {
  const { isAlive, send } = process;
  if (!(await isAlive())) return;
  const before = await ask(process);
  const giveUp = before?.draining === true && (await process.wasInterrupted());
  // A second TERM ends a process at once.
  if (before?.draining !== true || giveUp) send('SIGTERM');
  try {
    await awaitEnd(process, context, before, giveUp);
  } catch (error) {
    if (context.signal.aborted) await process.noteInterrupt();
    throw error;
  }
}

async function awaitEnd(
  process: Stopping,
  { clock, signal, emit }: ResourceContext,
  before: InFlight | undefined,
  giveUp: boolean,
): Promise<void> {
  const { key, drainSeconds, isAlive } = process;
  let open = before?.open ?? 0;
  const left = Math.min(before?.secondsLeft ?? drainSeconds, drainSeconds);
  const started = clock.monotonic();
  const seconds = () => (clock.monotonic() - started) / 1000;
  let [asked, busy] = [0, 0];
  for (let told = 0; await isAlive(); ) {
    if (open !== told && open > 0 && !giveUp) {
      emit({ type: 'step-waiting', key, action: 'remove', reason: drainReason(open, Math.ceil(left)) });
      told = open;
    }
    if (seconds() > left + STOP_SECONDS || seconds() - busy > STOP_SECONDS) break;
    await clock.sleep(POLL_MS, signal);
    if ((seconds() - asked) * 1000 < ASK_MS) continue;
    const now = await ask(process);
    asked = seconds();
    if (now === undefined) continue;
    open = now.open;
    if (open > 0) busy = asked;
  }
  const killed = await isAlive();
  if (killed) await kill(process, { clock, signal });
  if (open === 0 || !(killed || giveUp || seconds() >= left)) return;
  const since = drainSeconds - left + seconds();
  emit({ type: 'note', level: 'warn', text: `${cutOffText(key, open)} after ${Math.round(since)} s` });
}

async function kill({ send, isAlive }: Stopping, { clock, signal }: Pick<ResourceContext, 'clock' | 'signal'>) {
  send('SIGKILL');
  const deadline = clock.monotonic() + KILL_SECONDS * 1000;
  while (clock.monotonic() < deadline && (await isAlive())) await clock.sleep(POLL_MS, signal);
}

/** Undefined when it does not answer. */
function ask({ key, port }: Stopping): Promise<InFlight | undefined> {
  return askInFlight(`http://${LOOPBACK}:${port}${pathsOf(key).inFlight}`);
}
