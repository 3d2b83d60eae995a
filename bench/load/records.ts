import { serialize } from 'node:v8';
import { RecordWriter } from '../../src/services/load/engine/record-columns.ts';
import type { BenchResult } from '../types.ts';
import { median, round } from './numbers.ts';

const RECORDS = 200_000;
const PER_BATCH = 250;

/** What a request's record costs the generator, with hosts and hop times: collecting it and writing it to the channel. */
export function run(): Promise<BenchResult> {
  const figures = {
    a_local_seconds: 1.5,
    b_remote_seconds: 2.5,
    end_to_end_seconds: 4,
    ollama_seconds: 1,
    total_seconds: 2,
    ...{ a_queue_seconds: 0.1, a_engine_queue_seconds: 0.2, a_load_seconds: 0.1, a_prompt_seconds: 0.4 },
    ...{ a_generation_seconds: 0.8, b_queue_seconds: 0.1, b_engine_queue_seconds: 0.1, b_load_seconds: 0.1 },
    ...{ b_prompt_seconds: 0.3, b_generation_seconds: 0.5 },
  };
  const once = () => {
    const writer = new RecordWriter();
    const before = process.cpuUsage();
    for (let i = 0; i < RECORDS; i++) {
      writer.add(i, i, 0.1, 12.5, 200, { outcome: 'ok', class: 'ok', error: '', host: `b-${i % 4}`, figures });
      if (i % PER_BATCH === PER_BATCH - 1) serialize(writer.take());
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / RECORDS;
  };
  const measured = median(Array.from({ length: 7 }, once));
  const row = { what: 'record of a request', measured: round(measured, 2), unit: 'us', target: 'at most 2' };
  return Promise.resolve({ name: 'cost of a record', rows: [{ ...row, ok: measured <= 2 }] });
}
