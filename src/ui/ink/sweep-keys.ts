import type { SweepOperator } from '../../services/load/sweep/sweep-control.ts';
import { hasTerminal, type Key, type KeyInput, listenForKeys } from '../keys.ts';
import type { Asked } from './rows.ts';
import type { ActiveSweep } from './view-model.ts';

/** What steering a sweep by keys needs. */
export interface SweepKeysDeps {
  readonly operator: SweepOperator;
  readonly stdin: KeyInput;
  /** What Ctrl-C does; in raw mode no signal comes of it. */
  readonly interrupt: () => void;
  /** Whether the terminal is this process's to read; the default asks the system. */
  readonly hasTerminal?: () => boolean;
}

/** Turns keys into what the operator asks; the terminal is in raw mode only from `follow(sweep)` to `follow(undefined)`. */
export function sweepKeys({ operator, stdin, interrupt, ...deps }: SweepKeysDeps) {
  const isOurs = deps.hasTerminal ?? hasTerminal;
  let plan: ActiveSweep['plan'] | undefined;
  let end: (() => void) | undefined;
  let current = 0;
  let interrupted = false;
  let skipped: number | undefined;

  const onKey = (key: Key) => {
    if (key === 'interrupt') {
      interrupted = true;
      interrupt();
    } else if (key === 'pause') operator.togglePause();
    else if (key === 'stop') operator.stop();
    else if (skipped !== current && operator.skip()) skipped = current;
  };

  return {
    /** Listens while there is a sweep that obeys, and only then. */
    follow(sweep: ActiveSweep | undefined): void {
      current = sweep?.current ?? current;
      if (sweep?.plan !== plan) {
        end?.();
        end = undefined;
        skipped = undefined;
        plan = undefined;
      }
      if (sweep === undefined || plan !== undefined || !operator.attended) return;
      plan = sweep.plan;
      end = isOurs() ? listenForKeys(stdin, onKey) : undefined;
    },
    /** What a view shall say; undefined while no key does anything. */
    get asked(): Asked | undefined {
      if (end === undefined) return undefined;
      return { paused: operator.paused, skipping: skipped === current, stopping: operator.stopped || interrupted };
    },
  };
}
