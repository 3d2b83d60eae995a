import { expect, test } from 'vitest';
import { parseModelName } from '../../../src/services/chain/model-name.ts';
import { Env } from '../../../templates/services/common/env.ts';
import { ModelStore } from '../../../templates/services/engine-sim/models.ts';
import { readOptions } from '../../../templates/services/engine-sim/options.ts';
import { ProcessorSharing } from '../../../templates/services/engine-sim/processor-sharing.ts';
import { noCounts } from '../../../templates/services/engine-sim/runner.ts';
import { Scheduler } from '../../../templates/services/engine-sim/scheduler.ts';
import { readSimSettings } from '../../../templates/services/engine-sim/settings.ts';
import { Spread } from '../../../templates/services/engine-sim/spread.ts';
import { fakeClock } from './fake-clock.ts';

/** A load takes 1000 ms: 100 at the lock, 350 to fit, 550 to read the weights; unloading takes 100 ms. */
function engine(env: Readonly<Record<string, string>> = {}) {
  const { clock, runUntil } = fakeClock();
  const settings = readSimSettings(new Env({ SIM_LOAD_SECONDS: '1', OLLAMA_MAX_QUEUE: '2', SIM_SPREAD: '0', ...env }));
  const counts = noCounts();
  const deps = { settings, machine: new ProcessorSharing(clock), spread: new Spread(0, Math.random), counts };
  const scheduler = new Scheduler(deps, clock, clock.now);
  const models = new ModelStore(['a', 'b', 'c', 'd']);
  const modelOf = (name: string) => {
    const model = models.get(parseModelName(name) as NonNullable<ReturnType<typeof parseModelName>>);
    if (!model) throw new Error(`no model ${name}`);
    return model;
  };
  const log: [who: string, what: string | number, at: number][] = [];
  /** Asks for a model; the result ends that. */
  const claim = (who: string, name: string, num_ctx = 512, keepAliveMs?: number) =>
    scheduler.claim({
      model: modelOf(name),
      options: readOptions({ num_ctx }, 4096),
      keepAliveMs,
      onRunner: ({ contextLength }) => log.push([who, contextLength, clock.now()]),
      onError: ({ status }) => log.push([who, status, clock.now()]),
    });
  const listed = () => scheduler.running().map(({ runner, expiresAt }) => [runner.model.name, expiresAt]);
  return { claim, listed, log, counts, runUntil, expire: (name: string) => scheduler.expire(modelOf(name)) };
}

test('who comes while a runner is started waits at the lock, and then some are refused', () => {
  const { claim, log, counts, runUntil } = engine();
  for (const who of ['1', '2', '3', '4', '5']) claim(who, 'a');
  runUntil(2000);
  expect(log).toEqual([
    ['4', 503, 100],
    ['5', 503, 100],
    ['1', 512, 1000],
    ['2', 512, 1000],
    ['3', 512, 1000],
  ]);
  expect(counts).toMatchObject({ loads: 1, refused: 2, queued: 0 });
});

test('who comes while the weights are read waits for them, however many', () => {
  const { claim, log, runUntil } = engine();
  claim('1', 'a');
  runUntil(500);
  for (const who of ['2', '3', '4', '5']) claim(who, 'a');
  runUntil(2000);
  expect(log).toEqual(['1', '2', '3', '4', '5'].map((who) => [who, 512, 1000]));
});

test('another model is loaded while the weights of the first are read', () => {
  const { claim, log, listed, runUntil } = engine();
  claim('1', 'a', 512, 60_000);
  claim('2', 'b', 1024, 30_000);
  runUntil(2000);
  expect(log).toEqual([
    ['1', 512, 1000],
    ['2', 1024, 1450],
  ]);
  // In use, so that the time that is left is that of the keep-alive.
  expect(listed()).toEqual([
    ['a:latest', 62_000],
    ['b:latest', 32_000],
  ]);
});

test('other options unload once nobody uses the model, and load again', () => {
  const { claim, log, runUntil } = engine();
  const end = claim('1', 'a', 512);
  runUntil(1000);
  claim('2', 'a', 1024);
  runUntil(1500);
  end();
  runUntil(5000);
  expect(log).toEqual([
    ['1', 512, 1000],
    ['2', 1024, 2600],
  ]);
});

test('requests for the old options postpone that by their keep-alive, as in Ollama', () => {
  const { claim, log, runUntil } = engine();
  const first = claim('1', 'a', 512);
  runUntil(1000);
  claim('other', 'a', 1024);
  const second = claim('2', 'a', 512, 10_000);
  first();
  runUntil(2000);
  second();
  runUntil(20_000);
  expect(log).toEqual([
    ['1', 512, 1000],
    ['2', 512, 1000],
    ['other', 1024, 2000 + 10_000 + 100 + 1000],
  ]);
});

test('an unloaded model is still listed for a moment, as expired', () => {
  const { claim, listed, expire, log, runUntil } = engine();
  claim('1', 'a')();
  const end = claim('2', 'a', 512, 60_000);
  runUntil(1500);
  end();
  expect(listed()).toEqual([['a:latest', 61_500]]);
  expire('a');
  runUntil(1550);
  expect(listed()).toEqual([['a:latest', 1500]]);
  // At the lock; it is loaded again.
  claim('3', 'a');
  runUntil(1600);
  expect(listed()).toEqual([]);
  runUntil(4000);
  expect(log.at(-1)).toEqual(['3', 512, 2600]);
});

test('a keep-alive that ends unloads; a negative one never ends; 0 does with the request', () => {
  const { claim, listed, runUntil } = engine();
  const ends = [claim('1', 'a', 512, 500), claim('2', 'b', 512, Infinity), claim('3', 'c', 512, 0)];
  runUntil(2000);
  for (const end of ends) end();
  runUntil(2200);
  expect(listed().map(([name]) => name)).toEqual(['b:latest', 'a:latest']);
  runUntil(1e9);
  expect(listed()).toEqual([['b:latest', Infinity]]);
});

test('a load ends with the caller for whom it was begun, and the next one begins', () => {
  const { claim, log, counts, runUntil } = engine();
  const leave = [claim('1', 'a'), claim('2', 'b')];
  runUntil(200);
  leave[0]?.();
  // The second one is being read.
  runUntil(700);
  claim('3', 'b');
  leave[1]?.();
  runUntil(5000);
  expect(log).toEqual([['3', 512, 1700]]);
  expect(counts).toMatchObject({ loads: 3, cancelled: 2, queued: 0 });
});

test('one model too many takes the place of an idle one, the one that is kept shortest', () => {
  const { claim, listed, runUntil } = engine({ OLLAMA_MAX_LOADED_MODELS: '2' });
  const ends = [claim('1', 'a', 512, 60_000), claim('2', 'b', 512, 90_000)];
  runUntil(2000);
  for (const end of ends) end();
  claim('3', 'c');
  runUntil(4000);
  expect(listed().map(([name]) => name)).toEqual(['c:latest', 'b:latest']);
});
