import { expect, test } from 'vitest';
import { ProcessorSharing } from '../../../templates/services/engine-sim/processor-sharing.ts';
import { fakeClock } from './fake-clock.ts';

function job(log: Record<string, number[]>, name: string, work: number[]) {
  const times: number[] = [];
  log[name] = times;
  return { work, onMilestone: (_: number, at: number) => void times.push(Math.round(at * 1e6) / 1e6) };
}

test('alone, a job takes its work; prompt and output are milestones', () => {
  const { clock, runUntil } = fakeClock();
  const log = {};
  new ProcessorSharing(clock).add(job(log, 'a', [30, 70]));
  runUntil(1000);
  expect(log).toEqual({ a: [30, 100] });
});

test('n jobs each get 1/n, and who stays gets the rest', () => {
  const { clock, runUntil } = fakeClock();
  const machine = new ProcessorSharing(clock);
  const log = {};
  machine.add(job(log, 'a', [100]));
  machine.add(job(log, 'b', [100]));
  machine.add(job(log, 'c', [40]));
  runUntil(1000);
  // c: 40 * 3. Then a and b have 60 left each at half speed: 120 + 120.
  expect(log).toEqual({ c: [120], a: [240], b: [240] });
  expect(machine.size).toBe(0);
});

test('an arrival slows down who is there, from then on', () => {
  const { clock, runUntil } = fakeClock();
  const machine = new ProcessorSharing(clock);
  const log = {};
  machine.add(job(log, 'a', [100]));
  runUntil(50);
  machine.add(job(log, 'b', [100]));
  runUntil(1000);
  // a: 50 alone, 50 at half speed. b: 50 of its 100 by then, the rest alone.
  expect(log).toEqual({ a: [150], b: [200] });
});

test('who leaves gives its share back', () => {
  const { clock, runUntil } = fakeClock();
  const machine = new ProcessorSharing(clock);
  const log = {};
  const leave = machine.add(job(log, 'a', [100]));
  machine.add(job(log, 'b', [100]));
  runUntil(100);
  leave();
  leave();
  runUntil(1000);
  expect(log).toEqual({ a: [], b: [150] });
});

test('late timers change nothing: times are calculated, not observed', () => {
  const { clock, runUntil } = fakeClock(7);
  const machine = new ProcessorSharing(clock);
  const log: Record<string, number[]> = {};
  machine.add(job(log, 'a', [10, 10, 10]));
  machine.add(job(log, 'b', [30]));
  runUntil(1000);
  expect(log).toEqual({ a: [20, 40, 60], b: [60] });
});

test('a job added from a milestone begins at that milestone, not when the timer happened to fire', () => {
  const { clock, runUntil } = fakeClock(5);
  const machine = new ProcessorSharing(clock);
  const log = {};
  const second = job(log, 'b', [50]);
  machine.add({ work: [50], onMilestone: () => void machine.add(second) });
  runUntil(1000);
  expect(log).toEqual({ b: [100] });
});

test('work that takes no time is done before add returns', () => {
  const { clock } = fakeClock();
  const machine = new ProcessorSharing(clock);
  const log = {};
  machine.add(job(log, 'a', [0, 0]));
  expect(log).toEqual({ a: [0, 0] });
  expect(machine.size).toBe(0);
});
