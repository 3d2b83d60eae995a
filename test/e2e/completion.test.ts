import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';

const exec = promisify(execFile);
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.open();
});
afterAll(() => cli.close());

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout } = await cli.run(['completion', shell]);
  expect(code).toBe(0);
  const path = join(cli.home, `completion.${shell}`);
  await writeFile(path, stdout);
  return path;
}

/** What was typed up to the tab, and what the shell must offer. */
const CASES: readonly [typed: string, offered: readonly string[]][] = [
  ['chainctl de', ['deploy']],
  ['chainctl deploy g', ['gcp']],
  ['chainctl help lo', ['load', 'logs']],
  ['chainctl load --rps 1 --arri', ['--arrivals']],
  ['chainctl load --arrivals ', ['constant', 'gamma', 'poisson']],
  ['chainctl completion z', ['zsh']],
];

describe('completion', () => {
  it.skipIf(!has('bash'))('in bash', async () => {
    const script = [
      `source ${await scriptFor('bash')}`,
      `offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chainctl; echo "\${COMPREPLY[*]}"; }`,
      ...CASES.map(([typed]) => `offer ${typed.endsWith(' ') ? `${typed}""` : typed}`),
      'offer chainctl load --arrivals = p',
    ].join('\n');
    const { stdout } = await exec('bash', ['--noprofile', '--norc', '-c', script]);
    expect(stdout.trimEnd().split('\n')).toEqual([...CASES.map(([, offered]) => offered.join(' ')), 'poisson']);
  });

  it.skipIf(!has('fish'))('in fish (needs fish: apt-get install fish)', async () => {
    const asked = CASES.map(([typed]) => `complete -C '${typed}' | string join ' '`);
    const script = [`source ${await scriptFor('fish')}`, ...asked, 'true'].join('\n');
    const { stdout } = await exec('fish', ['--no-config', '-c', script]);
    expect(stdout.trimEnd().split('\n')).toEqual(CASES.map(([, offered]) => offered.join(' ')));
  });

  it.skipIf(!has('zsh'))('in zsh, typed into a terminal (needs zsh: apt-get install zsh)', async () => {
    const single = CASES.filter(([, offered]) => offered.length === 1);
    const script = [
      'zmodload zsh/zpty',
      'zpty shell "TERM=dumb zsh -f -i"',
      `zpty -w shell 'cd ${cli.home}; source ${await scriptFor('zsh')}; chainctl() { print -r -- "ran:$*." }'`,
      ...single.map(([typed]) => `zpty -w -n shell '${typed}'$'\\t\\n'`),
      'zpty -w shell exit',
      'while zpty -r shell line; do print -r -- "$line"; done',
    ].join('\n');
    const { stdout } = await exec('zsh', ['-f', '-c', script], { timeout: 60_000 });
    const ran = [...stdout.matchAll(/^ran:(.*)\.\r?$/gm)].map(([, words]) => words);
    const whole = single.map(([typed, [word]]) => typed.replace(/^chainctl |\S+$/g, '') + word);
    expect(ran).toEqual(whole);
  });
});
