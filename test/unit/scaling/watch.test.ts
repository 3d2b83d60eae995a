import { describe, expect, it } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import type { Event } from '../../../src/events.ts';
import { exitOfWatch } from '../../../src/services/results/exit-codes.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { parseUntil } from '../../../src/services/scaling/until.ts';
import { nextSlot, type WatchOptions, watchGroup } from '../../../src/services/scaling/watch.ts';
import type { GroupSample } from '../../../src/services/stack/group.ts';
import { group, heldClock, instance } from './samples.ts';

const one = group([instance('b-1')]);
const three = group([instance('b-1'), instance('b-2'), instance('b-3')]);

/** A watch over a group that shows one look after another; a function works for so long and may fail. */
function watching(options: WatchOptions, looks: readonly (GroupSample | (() => GroupSample))[], takesMs = 0) {
  const { clock, pass } = heldClock();
  const abort = new AbortController();
  const events: Event[] = [];
  const recorded: ScaleSample[] = [];
  const at: number[] = [];
  const run = watchGroup(options, {
    source: {
      name: 'g',
      async sample() {
        at.push(clock.monotonic());
        pass(takesMs);
        const shown = looks[Math.min(at.length, looks.length) - 1] as GroupSample;
        return typeof shown === 'function' ? (shown as () => GroupSample)() : shown;
      },
    },
    record: { add: (sample) => recorded.push(sample), flushed: async () => {} },
    clock,
    emit: (event) => events.push(event),
    signal: abort.signal,
    onSample: () => {
      if (at.length >= 50) abort.abort();
    },
  });
  return { run, abort, events, recorded, at };
}

const fail = (exit: RemedyError['exit']) => () => {
  throw new RemedyError('no answer', { code: 'x', exit });
};

describe('a watch', () => {
  it('looks at fixed instants until its condition is met', async () => {
    const { run, at, events, recorded } = watching(
      { intervalSeconds: 5, until: parseUntil('size=3') },
      [one, one, three],
      800,
    );
    expect(await run).toMatchObject({ group: 'g', end: 'until', until: 'size=3', looks: 3, problems: 0 });
    expect(recorded.map((sample) => [sample.tookMs, sample.group.tookMs])).toEqual([
      [800, 800],
      [800, 800],
      [800, 800],
    ]);
    expect(at).toEqual([0, 5000, 10_000]);
    expect(events.map(({ type }) => type)).toEqual([
      'watch-started',
      'scale-sample',
      'scale-sample',
      'scale-sample',
      'watch-ended',
    ]);
  });

  it('leaves out the instants that pass during a slow look', async () => {
    const { run, at } = watching({ intervalSeconds: 5, forSeconds: 30 }, [one], 7000);
    expect(await run).toMatchObject({ end: 'for', looks: 4 });
    expect(at).toEqual([0, 10_000, 20_000, 30_000]);
    expect(nextSlot(3, 15, 5)).toBe(4);
    expect(nextSlot(0, 10.1, 5)).toBe(3);
  });

  it('goes on after a look that failed, and tells it', async () => {
    const { run, recorded, events } = watching({ intervalSeconds: 5, until: parseUntil('size=3') }, [
      one,
      fail(ExitCode.unhealthy),
      three,
    ]);
    expect(await run).toMatchObject({ end: 'until', looks: 3, problems: 1 });
    expect(recorded[1]).toMatchObject({ problem: 'the group was not seen: no answer', group: { instances: [] } });
    expect(events.map((event) => event.type === 'scale-sample' && event.seen)).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('does not take a group that was not seen for one that is empty', async () => {
    const until = parseUntil('size<=1');
    const { run } = watching({ intervalSeconds: 1, forSeconds: 2, until }, [fail(ExitCode.unhealthy)]);
    expect(await run).toMatchObject({ end: 'for', problems: 3 });
  });

  it('ends where looking again is no use', async () => {
    const { run, recorded } = watching({ intervalSeconds: 5 }, [one, fail(ExitCode.configuration)]);
    await expect(run).rejects.toMatchObject({ message: 'no answer' });
    expect(recorded).toHaveLength(1);
  });

  it('that is interrupted keeps what it has seen', async () => {
    const watch = watching({ intervalSeconds: 5 }, [one]);
    expect(await watch.run).toMatchObject({ end: 'interrupted', looks: 50, last: { group: one } });
    expect(watch.recorded).toHaveLength(50);
  });

  it('exits 0 when its condition was met or there was none, 5 when not, 130 or 143 when it was interrupted', () => {
    const { signal } = new AbortController();
    expect(exitOfWatch({ end: 'until', until: 'stable' }, signal)).toBe(0);
    expect(exitOfWatch({ end: 'for' }, signal)).toBe(0);
    expect(exitOfWatch({ end: 'until', until: 'stable', problem: 'the disk is full' }, signal)).toBe(3);
    expect(exitOfWatch({ end: 'for', until: 'stable' }, signal)).toBe(5);
    const ended = (exit: RemedyError['exit']) => AbortSignal.abort(new RemedyError('x', { code: 'interrupted', exit }));
    expect(exitOfWatch({ end: 'interrupted' }, ended(130))).toBe(130);
    expect(exitOfWatch({ end: 'interrupted' }, ended(143))).toBe(143);
  });
});
