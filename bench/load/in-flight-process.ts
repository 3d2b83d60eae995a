import { systemClock } from '../../src/runtime.ts';
import { Generator } from '../../src/services/load/engine/generator-process.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';
import { RunRecord } from '../../src/services/load/record/run-record.ts';
import { runPoint } from '../../src/services/load/sweep/run-point.ts';
import { planSweep } from '../../src/services/load/sweep/sweep-plan.ts';

// One point as a sweep offers it, with its record on disk, in a process that does nothing else: what it and its
// generators take of the memory is what a sweep takes. Says the generators' pids, then the point.

const [url, outFolder, rate, seconds, drain, maxInFlight, processes] = process.argv.slice(2);
const [rps, durationSeconds, drainSeconds] = [Number(rate), Number(seconds), Number(drain)];
const settings = { targetUrl: String(url), tag: 'bench', rates: [rps], warmupSeconds: 0, timeoutSeconds: 180 };
const generator = await Generator.start({ processes: Number(processes) });
process.send?.({ pids: generator.pids });
const record = await RunRecord.open({
  outFolder: String(outFolder),
  tag: settings.tag,
  targetName: 'bench',
  startedAt: systemClock.now(),
  expectedRows: rps * durationSeconds,
  onFailure: (message) => {
    throw new Error(message);
  },
});
const known = { runId: record.runId, simulated: false, maxInFlight: Number(maxInFlight) };
const plan = planSweep({ ...settings, durationSeconds, drainSeconds }, known);
const { point } = await runPoint(
  plan,
  0,
  {
    ...{
      type: 'run',
      url: settings.targetUrl,
      kind: 'any',
      rate: rps,
      warmupMs: 0,
      durationMs: durationSeconds * 1000,
    },
    ...{ drainMs: drainSeconds * 1000, timeoutMs: 180_000, maxInFlight: plan.maxInFlight, prompt: DEFAULT_PROMPT },
    ...{ seed: 1, series: 0 },
  },
  { abortOn: [] },
  { generator, record, clock: systemClock, emit: () => {}, signal: new AbortController().signal },
);
await generator.close();
await record.close();
process.send?.({ point }, undefined, undefined, () => process.exit(0));
