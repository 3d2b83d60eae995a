import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capacityAt, closedLoop } from '../support/closed-loop.ts';
import { EngineChain } from '../support/engine-chain.ts';
import { RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
let a: string;
let b: string;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
  ({ a, b } = await chain.deploy('--prompt-chars', '200', '--num-predict', '8'));
});
afterAll(() => chain.close());

/** From one rate of the ladder to the next: nearer to the capacity than its half a point of 30 s may be undecided. */
const STEP = 1.7;

describe('a sweep of a real engine', () => {
  it('finds the knee where a closed loop finds the capacity, within one step', async () => {
    const capacity = await closedLoop(`${b}/invoke`, 2, 60);
    // The capacity lies in the middle of a step, so that the second rate holds and the third does not.
    const rates = [-1.5, -0.5, 0.5, 1.5].map((steps) => Number((capacity.perSecond * STEP ** steps).toPrecision(3)));
    const { points, knee } = await load(`${b}/invoke`, [
      '--rps',
      rates.join(','),
      '--duration',
      '30s',
      '--stop-above-knee',
    ]);
    /** Of a point, of what a closed loop would have got while it ran. */
    const used = ({ rate, waterfall }: Point) => rate / capacityAt(capacity, waterfall.bModel / 1000);
    const pointOf = (rate: number | undefined) => points.find((point) => point.rate === rate) as Point;
    expect(used(pointOf(knee?.rate))).toBeLessThan(STEP);
    expect(used(pointOf(knee?.above))).toBeGreaterThan(1 / STEP);
  });

  it('tells where the time went, and the parts add up to the response time', async () => {
    const { points } = await load(`${a}/chain`, ['--rps', '1', '--duration', '5s', '--tag', 'parts']);
    const [{ waterfall, response }] = points as [Point];
    const { count, aWork, bWork, ...parts } = waterfall;
    expect(count).toBe(5);
    expect(sum(Object.values(parts))).toBeCloseTo(response.mean, 0);
    expect(sum(Object.values(aWork))).toBeCloseTo(parts.a as number, 1);
    expect(sum(Object.values(bWork))).toBeCloseTo(parts.bModel as number, 1);
    for (const part of [...Object.values(aWork), ...Object.values(bWork)]) expect(part).toBeGreaterThan(0);
    const [header = '', first = ''] = (
      await readFile(join(chain.cli.home, 'results', 'parts_chain_rps1.csv'), 'utf8')
    ).split('\n');
    const cell = (name: string) => Number(first.split(',')[header.split(',').indexOf(name)]);
    expect(header.split(',').filter((name) => PHASES.includes(name))).toEqual(PHASES);
    for (const hop of ['a', 'b']) {
      for (const phase of ['load', 'prompt', 'generation']) expect(cell(`${hop}_${phase}_seconds`)).toBeGreaterThan(0);
    }
  });
});

const PHASES = ['a', 'b'].flatMap((hop) =>
  ['queue', 'engine_queue', 'load', 'prompt', 'generation'].map((phase) => `${hop}_${phase}_seconds`),
);

interface Point {
  readonly rate: number;
  readonly response: { readonly mean: number };
  readonly waterfall: Readonly<Record<string, number>> & {
    readonly count: number;
    readonly bModel: number;
    readonly aWork: Readonly<Record<string, number>>;
    readonly bWork: Readonly<Record<string, number>>;
  };
}

async function load(target: string, args: readonly string[]) {
  const done = await chain.run('load', '--target', target, '--warmup', '2s', ...args, '--json');
  expect(done.code).toBe(0);
  return JSON.parse(done.stdout).result as {
    readonly points: readonly Point[];
    readonly knee?: { readonly rate: number; readonly above?: number };
  };
}

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
