import { beforeEach, describe, expect, it } from 'vitest';
import { remoteLog } from '../../../src/services/machine/remote-logs.ts';

const at = (second: number) => `2026-01-31T10:00:${String(second).padStart(2, '0')}.000000000Z`;

/** A machine whose service writes a line a second, as Docker and its files would answer. */
class Machine {
  up = true;
  now = 0;
  readonly lines: { at: string; text: string }[] = [];

  write(text: string): void {
    this.now += 1;
    this.lines.push({ at: at(this.now), text });
  }

  readonly process = async (script: string): Promise<string> => {
    if (!this.up) return '';
    const [, since] = /--since (\S+)/.exec(script) ?? [];
    const [, tail] = /--tail (\d+)/.exec(script) ?? [];
    // Docker's --since includes the line of that very instant.
    const chosen = this.lines.filter((line) => since === undefined || line.at >= since);
    const last = tail === undefined ? chosen : chosen.slice(chosen.length - Math.min(Number(tail), chosen.length));
    return [at(this.now), ...last.map((line) => `${line.at} ${line.text}`), ''].join('\n');
  };

  readonly requests = async (script: string): Promise<string> => {
    if (!this.up) return '';
    // Without a request there is no file, for which the script itself says so.
    if (script.includes('wc -l'))
      return this.lines.length > 0 || script.endsWith('|| echo 0') ? `${this.lines.length}\n` : '';
    const texts = this.lines.map(({ text }) => text);
    const [, head, tail] = /head -n (\d+) \S+ \| tail -n (\d+)/.exec(script) ?? [];
    const [, from] = /tail -n \+(\d+)/.exec(script) ?? [];
    if (from !== undefined) return texts.slice(Number(from) - 1).join('\n');
    const read = texts.slice(0, Number(head));
    return read.slice(read.length - Math.min(Number(tail), read.length)).join('\n');
  };
}

describe.each(['process', 'requests'] as const)('the %s log of a service on a machine', (kind) => {
  let machine: Machine;
  const open = () => remoteLog('b', kind, machine[kind]);
  const texts = (lines: readonly { line: string }[]) => lines.map(({ line }) => line);
  beforeEach(() => {
    machine = new Machine();
  });

  it('is read on after its last lines', async () => {
    for (const text of ['one', 'two', 'three']) machine.write(text);
    const log = open();
    expect(texts(await log.tail(2))).toEqual(['two', 'three']);
    expect(await log.read()).toEqual([]);
    machine.write('four');
    expect(texts(await log.read())).toEqual(['four']);
    expect(await log.read()).toEqual([]);
  });

  it('is read from its beginning when it is found later', async () => {
    machine.write('one');
    const log = open();
    expect(texts(await log.read())).toEqual(['one']);
    machine.write('two');
    expect(texts(await log.read())).toEqual(['two']);
  });

  it.each([0, 5])('is read on when it was asked for %d lines and had none', async (count) => {
    const log = open();
    expect(await log.tail(count)).toEqual([]);
    machine.write('one');
    expect(texts(await log.read())).toEqual(['one']);
  });

  it('is read on without what was there when no lines of it were asked for', async () => {
    machine.write('old');
    const log = open();
    expect(await log.tail(0)).toEqual([]);
    machine.write('new');
    expect(texts(await log.read())).toEqual(['new']);
  });

  it('begins with its last lines, too, when the machine cannot be asked at first', async () => {
    for (const text of ['one', 'two', 'three']) machine.write(text);
    machine.up = false;
    const log = open();
    expect(await log.tail(1)).toEqual([]);
    expect(await log.read()).toEqual([]);
    machine.up = true;
    expect(texts(await log.read())).toEqual(['three']);
    machine.write('four');
    expect(texts(await log.read())).toEqual(['four']);
  });
});
