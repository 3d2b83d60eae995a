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

describe('listenForInterrupt', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s aborts at once with exit %i, and says so', (name, exit) => {
    const { source, exits } = fakeProcess();
    const said: string[] = [];
    const { signal } = listenForInterrupt(source, (text) => said.push(text));
    source.emit(name, name);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'interrupted', exit });
    expect(said).toHaveLength(1);
    expect(exits).toEqual([]);
  });

  it('leaves immediately at the second one', () => {
    const { source, exits } = fakeProcess();
    listenForInterrupt(source, () => {});
    source.emit('SIGINT', 'SIGINT');
    expect(() => source.emit('SIGINT', 'SIGINT')).toThrow('exit');
    expect(exits).toEqual([130]);
  });

  it('takes its listeners away', () => {
    const { source } = fakeProcess();
    listenForInterrupt(source, () => {}).stop();
    expect(source.eventNames()).toEqual([]);
  });
});
