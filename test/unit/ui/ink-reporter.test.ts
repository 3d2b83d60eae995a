import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { expect, test, vi } from 'vitest';
import { inkReporter } from '../../../src/ui/ink/ink-reporter.ts';

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

test('what is over stays, what was going on goes, and the cursor comes back', async () => {
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'step-started', key: 'engine', action: 'create' });
  await delay(300);
  expect(stripVTControlCharacters(terminal.written)).toContain('engine: creating');
  expect(terminal.written).toContain('\u001b[?25l');
  reporter.handle({ type: 'step-done', key: 'engine', action: 'create', seconds: 0.3 });
  reporter.handle({ type: 'step-started', key: 'proxy', action: 'create' });
  await delay(300);
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
  vi.stubEnv('FORCE_COLOR', undefined);
  const terminal = new FakeTerminal();
  const reporter = open(terminal);
  reporter.handle({ type: 'step-failed', key: 'engine', action: 'create', reason: 'port taken' });
  reporter.handle({ type: 'phase', name: 'Deploying' });
  await delay(200);
  await reporter.close();
  vi.unstubAllEnvs();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences are control characters
  expect(terminal.written).not.toMatch(/\u001b\[\d+(;\d+)*m/);
  expect(terminal.written).toContain('✗ engine: create failed: port taken');
});
