/** A key that means something while a sweep runs. */
export type Key = 'pause' | 'skip' | 'stop' | 'interrupt';

/** What keys need of a terminal's input. */
export interface KeyInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'error', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
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
