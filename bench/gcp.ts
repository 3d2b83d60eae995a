import { type BothClouds, startLab } from '../lab/lab.ts';
import { labObstacle } from '../lab/support.ts';
import { Cli } from '../test/support/cli.ts';
import { type FirstDeploy, firstDeploy } from './gcp/first-deploy.ts';
import { type NoChange, noChange, startTimes } from './gcp/no-change.ts';
import { type ScaleOut, scaleOut } from './gcp/scale-out.ts';
import { BenchStack } from './gcp/stack.ts';
import { mean, median, round } from './gcp/times.ts';
import type { BenchResult, BenchRow } from './types.ts';

const NAME = 'deploy gcp, in the lab';
const BAKED_ROUNDS = 3;
const UNBAKED_ROUNDS = 2;
const REPEATS = 5;
const GROWTHS = 2;
const MOST_OF_UNBAKED = 0.25;
const MAX_OVERHEAD_SECONDS = 2;
const MAX_NO_CHANGE_SECONDS = 3;
const MAX_CALLS = 4;

/**
 * Two stacks in one lab, of which one boots from an image of its own: how long a VM more takes, what a deploy takes
 * beside what it waits for, and what it takes when there is nothing to change.
 *
 * What the lab leaves out speaks for VMs without an image: Docker, the engine's image and that of Node are there already
 * and not downloaded, and the model comes at 1 Gbit/s. Machines boot in seconds, and a model is loaded in one.
 */
export async function run(): Promise<BenchResult> {
  const obstacle = await labObstacle(true);
  if (obstacle !== undefined) {
    const skipped = { measured: null, unit: 's', ok: true, compare: `not here: ${obstacle}` };
    return { name: NAME, rows: [{ what: 'a deploy', target: '-', ...skipped }] };
  }
  const cli = await Cli.open();
  let lab: BothClouds | undefined;
  try {
    lab = await startLab({ vms: true, gcp: true });
    const plain = new BenchStack('plain', cli, lab, ['--no-bake']);
    const baked = new BenchStack('baked', cli, lab, []);
    const unbakedDeploys = await deploys(plain, UNBAKED_ROUNDS);
    await baked.makeImage();
    const bakedDeploys = await deploys(baked, BAKED_ROUNDS);
    const repeats: NoChange[] = [];
    for (let i = 0; i < REPEATS; i++) repeats.push(await noChange(baked));
    const growths: Record<'plain' | 'baked', ScaleOut[]> = { plain: [], baked: [] };
    for (let i = 0; i < GROWTHS; i++) {
      growths.plain.push(await scaleOut(plain));
      growths.baked.push(await scaleOut(baked));
    }
    if (lab.gcp.problems.length > 0) throw new Error(`the lab failed: ${lab.gcp.problems.join('; ')}`);
    return {
      name: NAME,
      rows: [
        scaleOutRow(growths.baked, growths.plain),
        overheadRow('deploy from a baked image, beside its waits', bakedDeploys),
        overheadRow('deploy --no-bake, beside its waits', unbakedDeploys),
        callsRow([...growths.plain, ...growths.baked]),
        noChangeRow(repeats),
      ],
    };
  } finally {
    await lab?.stop();
    await cli.close();
  }
}

/** Deploys from nothing, again and again; the last one stays. */
async function deploys(stack: BenchStack, rounds: number): Promise<FirstDeploy[]> {
  const all: FirstDeploy[] = [];
  for (let i = 0; i < rounds; i++) {
    if (i > 0) await stack.removeAllButImages();
    all.push(await firstDeploy(stack));
  }
  return all;
}

function scaleOutRow(baked: readonly ScaleOut[], plain: readonly ScaleOut[]): BenchRow {
  const [quick, slow] = [baked, plain].map((all) => mean(all.map(({ seconds }) => seconds))) as [number, number];
  const each = [baked, plain].map((all) => all.map(({ seconds }) => round(seconds)).join(' and '));
  return {
    what: `from the decision to the first answer of a VM more, baked, mean of ${baked.length}`,
    measured: round(quick),
    unit: 's',
    target: `at most a quarter of not baked, here ${round(slow * MOST_OF_UNBAKED)} s`,
    ok: quick <= slow * MOST_OF_UNBAKED,
    compare: `${each[0]}; not baked ${each[1]} (${Math.round((quick / slow) * 100)} %), of which 17.4 s are phi3:mini at 1 Gbit/s; Docker and both images are there, and not downloaded`,
  };
}

function overheadRow(what: string, all: readonly FirstDeploy[]): BenchRow {
  const overheads = all.map(({ total, waits }) => total - Object.values(waits).reduce((sum, each) => sum + each, 0));
  const overhead = median(overheads);
  // The round that stands for the others, so that its parts add up.
  const typical = all[overheads.indexOf(overhead)] as FirstDeploy;
  const parts = Object.entries(typical.waits).map(([name, seconds]) => `${name} ${round(seconds)}`);
  return {
    what: `${what}, ${all.length > 2 ? 'median' : 'larger'} of ${all.length}`,
    measured: round(overhead),
    unit: 's',
    target: `at most ${MAX_OVERHEAD_SECONDS} s`,
    ok: overhead <= MAX_OVERHEAD_SECONDS,
    compare: `of ${round(typical.total)} s; waits: ${parts.join(', ')}`,
  };
}

function callsRow(all: readonly ScaleOut[]): BenchRow {
  const most = Math.max(...all.map(({ mostCalls }) => mostCalls));
  const looks = all.reduce((sum, each) => sum + each.looks, 0);
  return {
    what: 'calls of a look of scale-watch at a group that changes, most',
    measured: most,
    unit: 'calls',
    target: `at most ${MAX_CALLS}`,
    ok: most <= MAX_CALLS,
    compare: `in ${looks} looks at ${all.length} changes`,
  };
}

function noChangeRow(repeats: readonly NoChange[]): BenchRow {
  const seconds = median(repeats.map(({ total }) => total));
  const typical = repeats.find(({ total }) => total === seconds) as NoChange;
  const { node, library } = startTimes();
  return {
    what: `nothing to change, median of ${REPEATS}`,
    measured: round(seconds),
    unit: 's',
    target: `at most ${MAX_NO_CHANGE_SECONDS} s`,
    ok: seconds <= MAX_NO_CHANGE_SECONDS,
    compare: `until the first call ${round(typical.untilFirstCall)}, of which Node ${round(node)} and the library ${round(library - node)}; calls ${round(typical.calling)}; the rest: five answers in a row`,
  };
}
