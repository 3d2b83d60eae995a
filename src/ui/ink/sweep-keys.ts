import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { SweepControl } from '../../services/load/sweep/sweep-control.ts';
import type { Asked } from './rows.ts';
import type { ActiveSweep } from './view-model.ts';

/** A key that means something while a sweep runs. */
type Key = 'pause' | 'skip' | 'stop' | 'interrupt';

/** What keys need of a terminal's input. */
interface KeyInput extends Pick<NodeJS.EventEmitter, 'on' | 'off'> {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What steering a sweep by keys needs. */
export interface SweepKeysDeps {
  readonly operator: SweepControl;
  readonly stdin: KeyInput;
  /** What Ctrl-C does; in raw mode no signal comes of it. */
  readonly interrupt: () => void;
  /** Whether the terminal is this process's to read; the default asks the system. */
  readonly isOurs?: () => boolean;
}

/** Turns keys into what the operator asks; the terminal is in raw mode only from `follow(sweep)` to `follow(undefined)`. */
export function sweepKeys({ operator, stdin, interrupt, isOurs = hasTerminal }: SweepKeysDeps) {
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

const ESCAPE = '\u001b';
const KEYS: ReadonlyMap<string, Key> = new Map([
  ['p', 'pause'],
  ['s', 'skip'],
  ['q', 'stop'],
  // Raw mode makes Ctrl-C a character like any other.
  ['\u0003', 'interrupt'],
]);

/** The keys of what was typed. Arrow and function keys come as one piece with an escape and mean nothing. */
export function keysOf(chunk: string): Key[] {
  if (chunk.startsWith(ESCAPE)) return chunk.includes('\u0003') ? ['interrupt'] : [];
  return [...chunk.toLowerCase()].flatMap((character) => KEYS.get(character) ?? []);
}

/**
 * Reads single keys until the returned function is called, which gives the terminal back as it was. Node restores
 * it, too, when the process ends in any other way but SIGKILL. Ctrl-Z does nothing meanwhile: a load generator that
 * was stopped in the middle would show its own pause as the target's.
 *
 * @returns what ends it, or undefined where `input` is no terminal
 */
export function listenForKeys(input: KeyInput, onKey: (key: Key) => void): (() => void) | undefined {
  if (input.isTTY !== true || input.setRawMode === undefined) return undefined;
  const onData = (chunk: Buffer | string) => {
    for (const key of keysOf(chunk.toString())) onKey(key);
  };
  // A terminal that was closed can neither be read nor set; SIGHUP ends the command.
  const ignore = () => {};
  input.on('error', ignore);
  const setRawMode = (raw: boolean): boolean => {
    try {
      input.setRawMode?.(raw);
      return true;
    } catch {
      return false;
    }
  };
  if (!setRawMode(true)) {
    input.off('error', ignore);
    return undefined;
  }
  input.on('data', onData);
  input.resume();
  return () => {
    input.off('data', onData);
    setRawMode(false);
    input.pause();
    input.off('error', ignore);
  };
}

/**
 * Whether this process has the terminal. Started with `&` it has not, and a process in the background that reads keys
 * or changes the terminal's mode is stopped by the kernel (SIGTTIN, SIGTTOU).
 */
function hasTerminal(): boolean {
  try {
    const [group, foreground] = process.platform === 'linux' ? fromProc() : fromPs();
    return group !== undefined && group === foreground;
  } catch {
    return false;
  }
}

/** proc_pid_stat(5): fields 5 (process group) and 8 (the terminal's foreground group); the name before may hold anything. */
function fromProc(): (string | undefined)[] {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[2], fields[5]];
}

function fromPs(): (string | undefined)[] {
  const columns = ['-o', 'pgid=', '-o', 'tpgid=', '-p', String(process.pid)];
  return execFileSync('ps', columns, { encoding: 'utf8', timeout: 1000 }).trim().split(/\s+/);
}
