import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Cli, CliResult } from '../cli.ts';

const PRELOAD = new URL('kill-at.mjs', import.meta.url).href;
/** More labels than there are: a staircase that does not end is a bug. */
const MOST_RUNS = 600;

/** What is deleted before each run. */
export type Loses = 'nothing' | 'the state';

/** The built command of one stack, and what there is of it. */
export interface Killed {
  readonly stack: string;
  readonly cli: Cli;
  readonly env: Readonly<Record<string, string>>;
  /** Whatever a stack may never have twice, by kind. */
  count(): Promise<Readonly<Record<string, number>>>;
}

export interface Stairs {
  /** Where it was killed, in order. */
  readonly labels: string[];
  readonly kills: number;
}

/** Where the files of a stack are. */
export function folderOf({ cli, stack }: Pick<Killed, 'cli' | 'stack'>): string {
  return join(cli.home, 'stacks', stack);
}

/**
 * Runs a command again and again, each time killed at the next effect, until a run comes to its end. After each kill
 * nothing is there twice.
 *
 * @param only pattern of the labels that kill; all when left out
 */
export async function staircase(
  killed: Killed,
  args: readonly string[],
  { loses = 'nothing', only = '' }: { readonly loses?: Loses; readonly only?: string } = {},
): Promise<Stairs> {
  const file = fileOf(killed);
  await writeFile(file, '');
  for (let kills = 0; kills < MOST_RUNS; kills++) {
    const result = await runKilled(killed, args, { loses, only });
    const labels = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    if (result.signal !== 'SIGKILL') {
      expect([labels.at(-1), result.code, result.code === 0 ? '' : result.stdout]).toEqual([labels.at(-1), 0, '']);
      return { labels, kills };
    }
    const twice = Object.entries(await killed.count()).filter(([, n]) => n > 1);
    expect([labels.at(-1), twice]).toEqual([labels.at(-1), []]);
  }
  throw new Error(`not at its end after ${MOST_RUNS} runs`);
}

/** Where the labels of a stack are that have killed. */
function fileOf({ cli, stack }: Killed): string {
  return join(cli.home, `${stack}.labels`);
}

/** Runs a command once, killed at the first effect that has not killed yet. */
async function runKilled(
  killed: Killed,
  args: readonly string[],
  { loses, only }: { readonly loses: Loses; readonly only: string },
): Promise<CliResult> {
  const { cli, stack } = killed;
  if (loses === 'the state') await loseState(killed);
  return cli.run([...args, '--stack', stack, '--json'], {
    env: {
      ...killed.env,
      NODE_OPTIONS: `--import=${PRELOAD}`,
      KILL_LABELS: fileOf(killed),
      KILL_ONLY: only,
    },
  });
}

/** Runs a command once and expects it to die at an effect with this pattern. */
export async function killAt(killed: Killed, args: readonly string[], only: string): Promise<void> {
  await writeFile(fileOf(killed), '');
  expect(await runKilled(killed, args, { loses: 'nothing', only })).toMatchObject({ signal: 'SIGKILL' });
}

/** As after a disk that broke: everything is in the cloud still, and the keys are here. */
export async function loseState(killed: Killed): Promise<void> {
  await rm(join(folderOf(killed), 'state.json'), { force: true });
  await rm(join(folderOf(killed), 'history'), { recursive: true, force: true });
}

/** Effects of a command (parts of labels), and the labels at which it has been killed. */
export interface Met {
  readonly effects: readonly string[];
  readonly labels: string[];
}

/** What of these has not been met by a kill on both sides, or on the one it names, as patterns: `api RunInstances.*: after`. */
export function left({ effects, labels }: Met): string[] {
  return effects
    .flatMap((effect) => (/: (before|after)$/.test(effect) ? [effect] : [`${effect}*: before`, `${effect}*: after`]))
    .map(patternOf)
    .filter((pattern) => !labels.some((label) => new RegExp(pattern).test(label)));
}

/** An effect is named by a part of its label, in which `*` stands for anything. */
function patternOf(effect: string): string {
  return effect.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
}

/** No label has it. */
const NOWHERE = '^$';
const MOST_ROUNDS = 4;

/**
 * Of two effects that run side by side, a kill at one lets the other pass unseen, and no later run has it again. Those are
 * met in a stack from nothing that is killed nowhere else.
 */
export async function meetTheRest(
  killed: Killed,
  deploy: Met & { readonly args: readonly string[] },
  teardown: Met & { readonly args: readonly string[] },
  expected: { readonly up: unknown; readonly down: unknown },
): Promise<number> {
  let kills = 0;
  const climb = async (command: typeof deploy, then: unknown) => {
    const stairs = await staircase(killed, command.args, { only: left(command).join('|') || NOWHERE });
    command.labels.push(...stairs.labels);
    kills += stairs.kills;
    expect(await killed.count()).toEqual(then);
  };
  for (let round = 0; round < MOST_ROUNDS && left(deploy).length + left(teardown).length > 0; round++) {
    await climb(deploy, expected.up);
    await climb(teardown, expected.down);
  }
  expect([left(deploy), left(teardown)]).toEqual([[], []]);
  return kills;
}
