import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { closedLoop } from '../../test/support/closed-loop.ts';
import { EngineChain, type EngineTimes } from '../../test/support/engine-chain.ts';
import { type EngineFiles, RealEngine } from '../../test/support/real-engine.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { round } from './numbers.ts';
import { inFolder, sweep } from './sweep.ts';

const REQUESTS = 20;
const ANSWERS = 60;
const HOPS = ['the time of A against its engine', 'the time of B against its engine'];
const KNEE = 'knee by search against the capacity in a closed loop';
const NAME = 'a real Ollama with Gemma 3 270M';

/** The figures that only a real engine can give. It is built first where it is not there, in some minutes. */
export async function run(): Promise<BenchResult> {
  let files: EngineFiles;
  try {
    files = await engineFiles();
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const why = (stderr || message).trim().split('\n').at(-1) ?? '';
    return { name: NAME, rows: [...HOPS, KNEE].map((what) => missing(what, `no engine: ${why}`)) };
  }
  const chain = await EngineChain.open(await RealEngine.open({}, files));
  try {
    const hops = await hopTimes(chain, (await chain.deploy()).a);
    // Answers of half the length: a search of as many requests takes half as long.
    const { b } = await chain.deploy('--prompt-chars', 'b=600', '--num-predict', 'b=20');
    return { name: NAME, rows: [...hops, await knee(b)] };
  } finally {
    await chain.close();
  }
}

async function engineFiles(): Promise<EngineFiles> {
  const cwd = new URL('../..', import.meta.url).pathname;
  const build = promisify(execFile)(process.execPath, ['.tools/engine.mjs'], { cwd });
  // It tells how far it is.
  build.child.stderr?.pipe(process.stderr);
  return JSON.parse((await build).stdout);
}

/** What the services measure around the engine, against what the engine says of itself. */
async function hopTimes(chain: EngineChain, a: string): Promise<BenchRow[]> {
  const deviations: [number[], number[]] = [[], []];
  const deviation = (seen: number, { total_seconds: own }: EngineTimes) => (100 * Math.abs(seen - own)) / own;
  for (let i = 0; i < REQUESTS; i++) {
    const { timing, b_result } = await chain.ask(a);
    deviations[0].push(deviation(timing.a_local_seconds, timing.engine));
    deviations[1].push(deviation(b_result.timing.ollama_seconds, b_result.timing.engine));
  }
  return deviations.map((of, hop) => {
    const largest = Math.max(...of);
    const mean = of.reduce((sum, each) => sum + each, 0) / of.length;
    return {
      what: `${HOPS[hop]}, largest deviation of ${REQUESTS}`,
      ...{ measured: round(largest, 2), unit: '%', target: 'at most 2', ok: largest <= 2 },
      compare: `mean ${round(mean, 2)} %`,
    };
  });
}

async function knee(b: string): Promise<BenchRow> {
  const url = `${b}/invoke`;
  // B has one place: with two in flight it always has work.
  const before = await closedLoop(url, 2, ANSWERS);
  const began = performance.now();
  const report = await inFolder((folder) =>
    sweep(folder, {
      ...{
        targetUrl: url,
        rates: [before.perSecond / 4, before.perSecond * 4].map((rate) => Number(rate.toPrecision(2))),
      },
      ...{ durationSeconds: 20, maxDurationSeconds: 120, timeoutSeconds: 180, drainSeconds: 180, findKnee: true },
    }),
  );
  const minutes = (performance.now() - began) / 60_000;
  const after = await closedLoop(url, 2, ANSWERS);
  const capacity = (before.perSecond + after.perSecond) / 2;
  const error = Math.hypot(before.error, after.error) / 2;
  const points = report.points.filter(({ status }) => status !== 'skipped');
  const judged = points.map(({ rate, durationSeconds, state }) => `${rate}/s ${state?.state} in ${durationSeconds} s`);
  const compare =
    `capacity ${round(before.perSecond, 3)} and ${round(after.perSecond, 3)}/s before and after it ` +
    `(${ANSWERS} answers each, ${round(100 * error, 1)} %); ${points.length} points in ${round(minutes, 1)} min`;
  if (report.knee === undefined) return missing(KNEE, `no knee was found; ${compare}: ${judged.join(', ')}`);
  const off = 100 * (report.knee.rate / capacity - 1);
  return {
    what: KNEE,
    ...{ measured: round(off, 1), unit: '%', target: 'within 15', ok: Math.abs(off) <= 15 },
    compare: `knee ${report.knee.rate}/s, ${compare}`,
  };
}

function missing(what: string, compare: string): BenchRow {
  return { what, measured: null, unit: '', target: 'measured', ok: false, compare };
}
