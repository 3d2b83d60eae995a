import { LocalGenerator } from '../../src/services/load/generators/local-generator.ts';
import type { BenchResult } from '../types.ts';
import { ORDER } from './closed.ts';
import { median, round } from './numbers.ts';
import { withStreams } from './target.ts';

const EVENTS = 1000;
const SECONDS = 3;
const ROUNDS = 3;
const STREAMS = 8;

/** Events of streams that one core of a generator takes per second, at 1000 events an answer, each in a chunk of its own. */
export function run(): Promise<BenchResult> {
  return withStreams(['burst', EVENTS], async ({ url }) => {
    const measured: number[] = [];
    for (let i = 0; i < ROUNDS; i++) measured.push(await eventsPerCpuSecond(url));
    const value = median(measured);
    const row = { what: 'events per second of one generator core', measured: round(value, 0), unit: 'events/s' };
    const spread = `${round(Math.min(...measured), 0)} to ${round(Math.max(...measured), 0)} in ${ROUNDS} rounds`;
    const target = 'at least 1000000';
    return {
      name: `streams of ${EVENTS} events`,
      rows: [{ ...row, target, ok: value >= 1_000_000, compare: `${spread}, of its processor time` }],
    };
  });
}

async function eventsPerCpuSecond(url: string): Promise<number> {
  const generator = await LocalGenerator.start(16);
  try {
    const form = { api: 'raw', stream: true };
    const order = { ...ORDER, url, form, concurrency: STREAMS, durationMs: SECONDS * 1000, drainMs: 5000 };
    let events = 0;
    const count = ({ records }: { readonly records: readonly { readonly stream?: { readonly events: number } }[] }) => {
      for (const { stream } of records) events += stream?.events ?? 0;
    };
    const end = await generator.run(order, count, new AbortController().signal, 0);
    if (end.type === 'lost') throw new Error(`the generator stopped: ${end.why}`);
    return events / end.progress.cpuSeconds;
  } finally {
    await generator.close();
  }
}
