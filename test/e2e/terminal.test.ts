import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { Cli, ROOT } from '../support/cli.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** One pane of a real terminal. */
class Pane {
  readonly #socket: string;

  constructor(socket: string, size: { columns: number; rows: number }, command: string) {
    this.#socket = socket;
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      'p',
      '-x',
      String(size.columns),
      '-y',
      String(size.rows),
      command,
    );
  }

  /** What a person would see now. */
  text(): string {
    return this.#tmux('capture-pane', '-p', '-t', 'p');
  }

  keys(...keys: string[]): void {
    this.#tmux('send-keys', '-t', 'p', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 'p', '-x', String(columns), '-y', String(rows));
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8' });
  }
}

let cli: Cli;
let pane: Pane | undefined;
let panes = 0;
beforeEach(async () => {
  cli = await Cli.open();
});
afterEach(async () => {
  pane?.close();
  await cli.close();
});

const open = (args: string, size = { columns: 80, rows: 24 }) => {
  const command = `cd ${cli.home} && env -u CI -u NODE_ENV CHAINCTL_HOME=${cli.home} ${process.execPath} ${join(ROOT, 'bin/run.js')} ${args}; echo "exit $?"; sleep 60`;
  pane = new Pane(join(cli.home, `tmux-${panes++}`), size, command);
  return pane;
};
const until = (shown: Pane, pattern: RegExp) => expect.poll(() => shown.text(), { timeout: 40_000 }).toMatch(pattern);

describe.skipIf(!hasTmux)('in a real terminal (needs tmux)', () => {
  it('shows the sweep live, survives a resize, and Ctrl-C takes everything down', async () => {
    const shown = open('rehearse --rps 5 --duration 20s --replicas 1');
    await until(shown, /point 1 of 1 .* measuring/);
    expect(shown.text()).toMatch(/offered +5\/s/);
    shown.resize(120, 40);
    await until(shown, /in flight/);
    shown.resize(60, 20);
    await until(shown, /in flight/);
    expect(
      shown
        .text()
        .split('\n')
        .every((line) => line.length <= 60),
    ).toBe(true);
    shown.keys('C-c');
    await until(shown, /exit 130/);
    expect(await cli.running()).toEqual([]);
  });

  it('pauses, goes on and stops a sweep by keys, and gives the terminal back', async () => {
    await cli.run(['deploy', 'local', '--replicas', '1', '--port-a', '0', '--port-b', '0']);
    const shown = open('load --rps 2,3,4 --duration 2s --warmup 0s');
    await until(shown, /p pause after this point/);
    shown.keys('p');
    await until(shown, /point 2 of 3 .* paused/);
    shown.keys('p');
    await until(shown, /point 2 of 3 .* measuring/);
    shown.keys('q');
    await until(shown, /Interrupted: 2 of 3 points[\s\S]*exit 130/);
    // A terminal that was left in raw mode would not show what is typed.
    shown.keys('echoed');
    await until(shown, /exit 130\s+echoed/);
    shown.close();
    const again = open('load --rps 2 --duration 20s --warmup 0s');
    await until(again, /q stop and keep/);
    again.keys('C-c');
    await until(again, /Interrupted: 1 of 1 points[\s\S]*exit 130/);
  });

  it('records how far a sweep came when its terminal is closed', async () => {
    await cli.run(['deploy', 'local', '--replicas', '1', '--port-a', '0', '--port-b', '0']);
    const shown = open('load --rps 2 --duration 20s --warmup 0s --out closed');
    await until(shown, /q stop and keep/);
    shown.close();
    const status = async () => {
      const run = (await readdir(join(cli.home, 'closed'), { withFileTypes: true })).find((each) => each.isDirectory());
      return JSON.parse(await readFile(join(cli.home, 'closed', run?.name ?? '', 'manifest.json'), 'utf8')).status;
    };
    await expect.poll(status, { timeout: 20_000 }).toBe('interrupted');
    // It writes summaries after that, into the folder that goes with this test.
    const running = async () => (await listProcesses()).filter(({ command }) => command.includes('--out closed'));
    await expect.poll(running, { timeout: 20_000 }).toEqual([]);
  });

  it('asks for the name of the stack before it takes it down', async () => {
    await cli.run(['deploy', 'local', '--replicas', '1', '--port-a', '0', '--port-b', '0']);
    const shown = open('teardown');
    await until(shown, /Type default to go on/);
    shown.keys('wrong', 'Enter');
    await until(shown, /nothing was changed[\s\S]*exit 2/);
    expect((await cli.running()).length).toBe(4);
    shown.close();
    const again = open('teardown');
    await until(again, /Type default to go on/);
    again.keys('default', 'Enter');
    await until(again, /exit 0/);
    expect(await cli.running()).toEqual([]);
  });

  it('answers Ctrl-C at a question, and does nothing', async () => {
    await cli.run(['deploy', 'local', '--replicas', '1', '--port-a', '0', '--port-b', '0']);
    const shown = open('teardown');
    await until(shown, /Type default to go on/);
    shown.keys('C-c');
    await until(shown, /Stopping: [\s\S]*interrupted by SIGINT[\s\S]*exit 130/);
    expect((await cli.running()).length).toBe(4);
  });
});
