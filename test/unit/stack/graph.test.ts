import { describe, expect, it } from 'vitest';
import { reverseGraph, runGraph, type Task } from '../../../src/services/stack/graph.ts';

function recorder() {
  const order: string[] = [];
  const task = (key: string, dependsOn: string[] = [], work: () => Promise<void> = async () => {}): Task => ({
    key,
    dependsOn,
    async run() {
      order.push(`+${key}`);
      await work();
      order.push(`-${key}`);
    },
  });
  return { order, task };
}

const never = new AbortController().signal;
const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('runGraph', () => {
  it('starts a task only when all that it depends on are done, whatever the order of the list', async () => {
    const { order, task } = recorder();
    await runGraph(
      [task('top', ['left', 'right']), task('left', ['base']), task('right', ['base']), task('base')],
      never,
    );
    expect(order.indexOf('+left')).toBeGreaterThan(order.indexOf('-base'));
    expect(order.at(-2)).toBe('+top');
  });

  it('runs independent tasks at the same time', async () => {
    const { order, task } = recorder();
    await runGraph([task('one', [], soon), task('two', [], soon)], never);
    expect(order.slice(0, 2).sort()).toEqual(['+one', '+two']);
  });

  it('starts nothing new after a failure, but waits for what runs', async () => {
    const { order, task } = recorder();
    const failing = task('bad', [], async () => {
      throw new Error('no');
    });
    const run = runGraph(
      [
        failing,
        task('after', ['bad']),
        task('slow', [], async () => {
          await soon();
          await soon();
        }),
      ],
      never,
    );
    await expect(run).rejects.toThrow('no');
    expect(order).toContain('-slow');
    expect(order).not.toContain('+after');
  });

  it('begins a task beside another one as soon as that is there, and tells it when that is done', async () => {
    const order: string[] = [];
    const ready = Promise.withResolvers<void>();
    const group: Task = {
      key: 'group',
      dependsOn: [],
      async run({ isThere }) {
        isThere();
        await ready.promise;
        order.push('group works');
      },
    };
    const front: Task = {
      key: 'front',
      dependsOn: ['group'],
      beside: ['group'],
      async run({ othersDone }) {
        order.push('front is made');
        ready.resolve();
        order.push(`front goes on: ${await othersDone()}`);
      },
    };
    await runGraph([front, group], never);
    expect(order).toEqual(['front is made', 'group works', 'front goes on: true']);
  });

  it('begins a task ahead of another one that is not even there, and tells it when that is done', async () => {
    const order: string[] = [];
    const made = Promise.withResolvers<void>();
    const image: Task = {
      key: 'image',
      dependsOn: [],
      async run() {
        await made.promise;
        order.push('image is baked');
      },
    };
    const front: Task = {
      key: 'front',
      dependsOn: ['image'],
      ahead: ['image'],
      async run({ pending, othersDone }) {
        order.push(`front is made, and waits for ${pending()}`);
        made.resolve();
        order.push(`front goes on: ${await othersDone()}, and waits for ${pending().length}`);
      },
    };
    await runGraph([front, image], never);
    expect(order).toEqual([
      'front is made, and waits for image',
      'image is baked',
      'front goes on: true, and waits for 0',
    ]);
  });

  it('tells a task that what it runs beside has failed, and ends with that failure', async () => {
    let goesOn: boolean | undefined;
    const made = Promise.withResolvers<void>();
    const group: Task = {
      key: 'group',
      dependsOn: [],
      async run({ isThere }) {
        isThere();
        await made.promise;
        throw new Error('sold out');
      },
    };
    const front: Task = {
      key: 'front',
      dependsOn: ['group'],
      beside: ['group'],
      async run({ othersDone }) {
        made.resolve();
        goesOn = await othersDone();
      },
    };
    await expect(runGraph([group, front], never)).rejects.toThrow('sold out');
    expect(goesOn).toBe(false);
  });

  it('does not begin a task beside one that fails before it is there', async () => {
    const { order, task } = recorder();
    const bad = task('bad', [], () => Promise.reject(new Error('no')));
    await expect(runGraph([bad, { ...task('front', ['bad']), beside: ['bad'] }], never)).rejects.toThrow('no');
    expect(order).toEqual(['+bad']);
  });

  it('stops with the reason of an abort', async () => {
    const { order, task } = recorder();
    const controller = new AbortController();
    const first = task('first', [], async () => controller.abort(new Error('stopped')));
    await expect(runGraph([first, task('second', ['first'])], controller.signal)).rejects.toThrow('stopped');
    expect(order).toEqual(['+first', '-first']);
  });

  it('names a cycle', async () => {
    const { task } = recorder();
    await expect(runGraph([task('a', ['b']), task('b', ['a'])], never)).rejects.toThrow(
      'dependency cycle: a -> b -> a',
    );
  });

  it('ignores a dependency that is not part of the graph', async () => {
    const { order, task } = recorder();
    await runGraph([task('a', ['elsewhere'])], never);
    expect(order).toEqual(['+a', '-a']);
  });

  it('reverses: each task waits for those that depended on it', async () => {
    const { order, task } = recorder();
    await runGraph(reverseGraph([task('base'), task('top', ['base'])]), never);
    expect(order).toEqual(['+top', '-top', '+base', '-base']);
  });
});
