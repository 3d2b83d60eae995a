import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForInterrupt } from '../../src/interrupt.ts';

function fakeProcess() {
  const exits: number[] = [];
  const source = Object.assign(new EventEmitter(), {
    exit(code: number): never {
      exits.push(code);
      throw new Error('exit');
    },
  });
  return { source, exits };
}

const MESSAGES = { stopping: 'finishing', on: () => ' --stack x' };

describe('listenForInterrupt', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s aborts at once with exit %i, and says so', (name, exit) => {
    const { source, exits } = fakeProcess();
    const said: string[] = [];
    const { signal } = listenForInterrupt(
      source,
      (text) => said.push(text),
      MESSAGES,
      () => 0,
    );
    source.emit(name, name);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'interrupted', exit });
    expect(said).toHaveLength(1);
    expect(exits).toEqual([]);
  });

  it('leaves immediately at the second one', () => {
    const { source, exits } = fakeProcess();
    let now = 0;
    const said: string[] = [];
    listenForInterrupt(
      source,
      (text) => said.push(text),
      MESSAGES,
      () => now,
    );
    source.emit('SIGINT', 'SIGINT');
    now = 1000;
    expect(() => source.emit('SIGINT', 'SIGINT')).toThrow('exit');
    expect(exits).toEqual([130]);
    expect(said).toEqual([
      'Stopping: finishing. Press Ctrl-C again to leave at once.',
      'Left at once: what was started may still run. See "chainctl status --stack x", end it with "chainctl teardown --stack x".',
    ]);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('never leaves at a second %s: it comes through the group, too', (name) => {
    const { source, exits } = fakeProcess();
    let now = 0;
    listenForInterrupt(
      source,
      () => {},
      MESSAGES,
      () => now,
    );
    source.emit(name, name);
    now = 5000;
    source.emit(name, name);
    expect(exits).toEqual([]);
  });

  it('takes a SIGINT that follows at once for the same one', () => {
    const { source, exits } = fakeProcess();
    let now = 0;
    listenForInterrupt(
      source,
      () => {},
      MESSAGES,
      () => now,
    );
    source.emit('SIGINT', 'SIGINT');
    now = 100;
    source.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([]);
  });

  it('takes its listeners away', () => {
    const { source } = fakeProcess();
    listenForInterrupt(
      source,
      () => {},
      MESSAGES,
      () => 0,
    ).stop();
    expect(source.eventNames()).toEqual([]);
  });
});
