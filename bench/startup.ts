import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { BenchResult } from './types.ts';

const RUN = new URL('../bin/run.js', import.meta.url).pathname;

/** What a person waits for at `chainctl --help`, beside the cheapest thing that the Node on their path can do (hyperfine). */
export async function run(): Promise<BenchResult> {
  const name = 'Start-up';
  if (spawnSync('hyperfine', ['--version']).status !== 0) {
    const row = { what: 'chainctl --help', measured: Number.NaN, unit: 'ms', ok: false };
    return { name, rows: [{ ...row, target: 'needs hyperfine: apt-get install hyperfine' }] };
  }
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-bench-'));
  try {
    const report = join(folder, 'hyperfine.json');
    // As typed: by the Node that a shell finds, which need not be the one that runs this.
    const commands = ['node -e 0', `node ${RUN} --help`];
    const path = (process.env.PATH ?? '')
      .split(delimiter)
      .filter((each) => !each.endsWith(join('node_modules', '.bin')));
    execFileSync('hyperfine', ['-N', '--warmup', '5', '--runs', '40', '--export-json', report, ...commands], {
      stdio: 'ignore',
      env: { ...process.env, PATH: path.join(delimiter) },
    });
    const [node, help] = JSON.parse(readFileSync(report, 'utf8')).results.map(
      (each: { median: number }) => each.median * 1000,
    );
    const bound = node + 100;
    const measured = Math.round(help * 10) / 10;
    return {
      name,
      rows: [
        {
          what: 'chainctl --help, median of 40',
          measured,
          unit: 'ms',
          target: `at most node -e 0 plus 100 ms, here ${bound.toFixed(1)}`,
          ok: help <= bound,
          compare: `node -e 0: ${node.toFixed(1)} ms`,
        },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
