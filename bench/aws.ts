import type { Call } from '../lab/proxy.ts';
import { labObstacle } from '../lab/support.ts';
import type { Vm } from '../lab/vm.ts';
import { actionsOf, DeployedLab } from '../test/support/lab/deployed.ts';
import type { BenchResult, BenchRow } from './types.ts';

const NAME = 'deploy aws, in the lab';
const ROUNDS = 3;
const REPEATS = 5;
const MAX_OVERHEAD_SECONDS = 2;
const MAX_NO_CHANGE_SECONDS = 1.5;

/** One line of the command's events, and when it came, ms since 1970. */
interface Told {
  readonly at: number;
  readonly event: { readonly type?: string; readonly key?: string; readonly reason?: string; readonly label?: string };
}

/** A wait that nothing that deploys can avoid, seconds. */
type Waits = Readonly<Record<string, number>>;

/**
 * How long a deploy takes beside what it waits for, and one that changes nothing. The VM, Docker and the engine say
 * themselves when they were ready, so that chainctl's pauses between two looks count as its own.
 */
export async function run(): Promise<BenchResult> {
  const obstacle = await labObstacle(true);
  if (obstacle !== undefined) {
    const skipped = { measured: null, unit: 's', ok: true, compare: `not here: ${obstacle}` };
    return { name: NAME, rows: [{ what: 'a deploy', target: '-', ...skipped }] };
  }
  const my = await DeployedLab.start();
  try {
    const b = await my.startB();
    const args = ['deploy', 'aws', '--b-url', b.url, '--yes'];
    const deploys: { total: number; waits: Waits }[] = [];
    const repeats: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await my.json('teardown', 'aws', '--yes');
      deploys.push(await firstDeploy(my, args));
    }
    for (let i = 0; i < REPEATS; i++) {
      const began = performance.now();
      const { envelope } = await my.json(...args);
      repeats.push((performance.now() - began) / 1000);
      if (Object.values(actionsOf(envelope)).some((action) => action !== 'unchanged')) throw new Error('it changed');
    }
    return { name: NAME, rows: rowsOf(deploys, median(repeats)) };
  } finally {
    await my.stop();
  }
}

function rowsOf(deploys: readonly { total: number; waits: Waits }[], repeated: number): BenchRow[] {
  const overheads = deploys.map(({ total, waits }) => total - sum(Object.values(waits)));
  const overhead = median(overheads);
  // The round that stands for the others, so that its parts add up.
  const typical = deploys[overheads.indexOf(overhead)] ?? deploys[0];
  const parts = Object.entries(typical?.waits ?? {}).map(([name, seconds]) => `${name} ${round(seconds)}`);
  return [
    {
      what: `beside its waits, median of ${ROUNDS}`,
      measured: round(overhead),
      unit: 's',
      target: `at most ${MAX_OVERHEAD_SECONDS} s`,
      ok: overhead <= MAX_OVERHEAD_SECONDS,
      compare: `of ${round(typical?.total ?? 0)} s; waits: ${parts.join(', ')}`,
    },
    {
      what: `nothing to change, median of ${REPEATS}`,
      measured: round(repeated),
      unit: 's',
      target: `at most ${MAX_NO_CHANGE_SECONDS} s`,
      ok: repeated <= MAX_NO_CHANGE_SECONDS,
    },
  ];
}

async function firstDeploy(my: DeployedLab, args: readonly string[]) {
  const told: Told[] = [];
  const calls = my.lab.calls.length;
  let health: Promise<number> | undefined;
  const began = Date.now();
  const { code, stderr } = await my.cli.json(args, {
    env: my.env,
    onLine(line) {
      const event = line.startsWith('{') ? (JSON.parse(line) as Told['event'] & { detail?: string }) : {};
      told.push({ at: Date.now(), event });
      if (event.type !== 'step-done' || event.key !== 'instance-a') return;
      const id = /\bi-[0-9a-f]+/.exec(event.detail ?? '')?.[0] ?? '';
      health = healthySince(my.lab.vms.get(id));
    },
  });
  const ended = Date.now();
  if (code !== 0 || health === undefined) throw new Error(`the deploy failed: ${stderr.slice(-2000)}`);
  const vm = await my.vm();
  const made = my.lab.calls.slice(calls);
  const launch = made.findIndex(({ action }) => action === 'RunInstances');
  const booted = Number(await vm.exec('stat', '-c', '%.3Y', '/run/cloud-init/result.json')) * 1000;
  const during = (first: (told: Told) => boolean, last?: (told: Told) => boolean) => spanOf(told, first, last);
  const waiting = (text: string) => (each: Told) =>
    each.event.type === 'step-waiting' && each.event.key === 'service-a' && each.event.reason === text;
  const pulling = ({ event: { type, label } }: Told) => type === 'progress' && /^tinyllama/.test(label ?? '');
  const service = during(waiting('starting the service'));
  const waits = {
    "EC2's answers until the launch": coveredMs(made.slice(0, launch)),
    'VM until cloud-init is done': booted - Number(made[launch]?.at),
    'docker build': lengthOf(during(waiting('building the image'))),
    engine: lengthOf(during(waiting('starting the engine'))),
    model: lengthOf(during(pulling, pulling)),
    service: lengthOf(service),
    health: Math.max(0, (await health) - service.end),
    'one answer': await firstAnswerMs(vm),
  };
  const seconds = Object.entries(waits).map(([name, ms]) => [name, ms / 1000] as const);
  return { total: (ended - began) / 1000, waits: Object.fromEntries(seconds) };
}

/** From the first line that matches to the last that does; by default to whatever is told next. */
function spanOf(told: readonly Told[], first: (told: Told) => boolean, last?: (told: Told) => boolean) {
  const begin = told.findIndex(first);
  if (begin < 0) throw new Error('the deploy did not tell of a step');
  const end = last === undefined ? begin + 1 : told.findLastIndex(last);
  return { begin: Number(told[begin]?.at), end: Number(told[end]?.at) };
}

const lengthOf = ({ begin, end }: { readonly begin: number; readonly end: number }) => end - begin;

/** The time in which at least one call was under way. */
function coveredMs(calls: readonly Call[]): number {
  let covered = 0;
  let until = 0;
  for (const { at, tookMs = 0 } of calls.toSorted((one, other) => Number(one.at) - Number(other.at))) {
    const end = Number(at) + tookMs;
    covered += Math.max(0, end - Math.max(until, Number(at)));
    until = Math.max(until, end);
  }
  return covered;
}

/** When service A said for the first time that its model is loaded, ms since 1970. */
async function healthySince(vm: Vm): Promise<number> {
  for (;;) {
    const healthy = await fetch(`http://${vm.address}:8001/health`, { signal: AbortSignal.timeout(1000) }).then(
      async (response) => response.ok && ((await response.json()) as { ready?: boolean }).ready !== false,
      () => false,
    );
    if (healthy) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What the service itself took for the answer that the deploy asked for. */
async function firstAnswerMs(vm: Vm): Promise<number> {
  const id = await vm.exec('docker', 'ps', '--quiet', '--filter', 'label=com.docker.compose.service=service');
  const log = await vm.exec('docker', 'exec', id.trim(), 'cat', '/logs/requests.jsonl');
  return (JSON.parse(log.split('\n')[0] ?? '') as { end_to_end_seconds: number }).end_to_end_seconds * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
