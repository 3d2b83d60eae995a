import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readRun } from '../../src/services/load/record/read-run.ts';
import type { PointSummary } from '../../src/services/load/types.ts';
import { findRun } from '../../src/services/results/find-run.ts';
import { inFolder } from './sweep.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Whether this machine can give a command a terminal: util-linux' script, whose arguments other systems' have not. */
export function hasTerminal(): boolean {
  return spawnSync('script', ['-qfec', 'true', '/dev/null']).status === 0;
}

/**
 * Offers one point with the built command in a terminal of 120 columns, where it shows the sweep live, as an operator
 * would.
 *
 * @throws Error when the view was not seen, or the command failed
 */
export function offerWithView(url: string, rate: number, seconds: number): Promise<PointSummary> {
  return inFolder(async (folder) => {
    const words = [process.execPath, join(ROOT, 'bin', 'run.js'), 'load', '--target', url, '--rps', String(rate)];
    const command = [...words, '--duration', `${seconds}s`, '--warmup', '1s', '--out', folder].join(' ');
    const { CI: _, NODE_ENV: __, NODE_OPTIONS: ___, ...env } = process.env;
    const child = spawn('script', ['-qfec', `stty cols 120 rows 40; exec ${command}`, '/dev/null'], {
      cwd: folder,
      env: { ...env, CHAINCTL_HOME: folder, TERM: 'xterm-256color' },
      // An open standard input: its end would be an end of file in the terminal.
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    const [code] = await once(child, 'close');
    // A point that this machine has spoiled is a measurement, too.
    if (code !== 0 && code !== 8) throw new Error(`chainctl load ended with ${code}: ${shown.slice(-2000)}`);
    if (!/measuring/.test(shown)) throw new Error('the live view was not seen in the terminal');
    const [point] = (await readRun(await findRun('latest', folder))).points;
    if (point === undefined) throw new Error('the run recorded no point');
    return point;
  });
}
