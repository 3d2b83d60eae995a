import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSweepControl } from '../../../src/services/load/sweep/sweep-control.ts';
import { inkReporter } from '../../../src/ui/ink/ink-reporter.tsx';
import { fullTick, plan, point } from './events.ts';
import { FakeInput } from './fake-input.ts';

/** A terminal that keeps what is written to it. */
class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  written = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString();
    done();
  }

  hasColors = () => true;
  getColorDepth = () => (process.env.NO_COLOR === undefined ? 8 : 1);
}

const open = (terminal: FakeTerminal) => inkReporter(terminal as unknown as NodeJS.WriteStream);

// Ink does not animate where it finds a CI; these tests are about terminals.
vi.hoisted(() => {
  for (const name of Object.keys(process.env)) {
    if (name === 'CI' || name === 'CONTINUOUS_INTEGRATION' || name.startsWith('CI_')) delete process.env[name];
  }
});

// The reporter's timer and the one by which Ink holds frames back are the test's own: nothing waits.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
});
afterEach(() => vi.useRealTimers());

/** Long enough for a frame of the view, and for all that Ink holds back. */
const frames = () => vi.advanceTimersByTime(1000);

test('what is over stays, what was going on goes, and the cursor comes back', async () => {
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'step-started', key: 'engine', action: 'create' });
  frames();
  expect(stripVTControlCharacters(terminal.written)).toContain('engine: creating');
  expect(terminal.written).toContain('\u001b[?25l');
  reporter.handle({ type: 'step-done', key: 'engine', action: 'create', seconds: 0.3 });
  reporter.handle({ type: 'step-started', key: 'proxy', action: 'create' });
  frames();
  const before = terminal.written.length;
  await reporter.close();
  const last = terminal.written.slice(before);
  expect(last).not.toContain('proxy');
  expect(last.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(0);
  expect(stripVTControlCharacters(terminal.written).match(/engine created in 300 ms/g)).toHaveLength(1);
  await reporter.close();
  reporter.handle({ type: 'note', level: 'info', text: 'too late' });
  expect(terminal.written).not.toContain('too late');
});

test('what happened right before the end is still printed, once', async () => {
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'note', level: 'warn', text: 'last words' });
  await reporter.close();
  expect(stripVTControlCharacters(terminal.written).match(/! warning: last words/g)).toHaveLength(1);
});

test('NO_COLOR: no colours, the marks say it', async () => {
  vi.stubEnv('NO_COLOR', '1');
  vi.stubEnv('LC_ALL', 'C.UTF-8');
  vi.stubEnv('FORCE_COLOR', undefined);
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'step-failed', key: 'engine', action: 'create', reason: 'port taken' });
  reporter.handle({ type: 'phase', name: 'Deploying' });
  frames();
  await reporter.close();
  vi.unstubAllEnvs();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences are control characters
  expect(terminal.written).not.toMatch(/\u001b\[\d+(;\d+)*m/);
  expect(terminal.written).toContain('✗ engine: create failed: port taken');
});

test('a sweep that listens is steered by keys; the terminal is given back when it ends', async () => {
  const terminal = new FakeTerminal();
  const stdin = new FakeInput();
  const operator = createSweepControl();
  operator.onStop(() => {});
  const keys = { operator, stdin, interrupt: () => {}, isOurs: () => true };
  const reporter = inkReporter(terminal as unknown as NodeJS.WriteStream, keys);
  reporter.handle({ type: 'sweep-started', plan });
  reporter.handle({ type: 'sweep-tick', tick: fullTick });
  frames();
  expect(stdin.raw).toBe(true);
  expect(stripVTControlCharacters(terminal.written)).toContain('q stop and keep');
  stdin.type('q');
  expect(operator.stopped).toBe(true);
  reporter.handle({ type: 'point-done', point: { ...point, status: 'aborted' } });
  expect(stdin.raw).toBe(false);
  reporter.handle({ type: 'sweep-started', plan });
  frames();
  expect(stdin.raw).toBe(true);
  await reporter.close();
  expect([stdin.raw, terminal.listenerCount('resize')]).toEqual([false, 0]);
});

test('a terminal that gets narrower is cleared of the rows that it has broken', async () => {
  vi.stubEnv('XTERM_VERSION', undefined);
  vi.stubEnv('TERM', 'xterm-256color');
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'sweep-started', plan });
  reporter.handle({ type: 'sweep-tick', tick: fullTick });
  frames();
  const before = terminal.written.length;
  terminal.columns = 50;
  terminal.emit('resize');
  frames();
  const after = terminal.written.slice(before);
  expect(after.startsWith('\u001b[A\u001b[2K'.repeat(14))).toBe(true);
  const rows = stripVTControlCharacters(after).split('\n');
  expect(Math.max(...rows.map((row) => [...row].length))).toBeLessThan(50);
  await reporter.close();
  vi.unstubAllEnvs();
});
