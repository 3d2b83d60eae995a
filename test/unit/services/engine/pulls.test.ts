import { expect, test } from 'vitest';
import { Pulls } from '../../../../templates/services/common/engine/pulls.ts';
import type { UpstreamReply, UpstreamRequest } from '../../../../templates/services/common/upstream.ts';

/** An engine whose pulls a test drives. */
class FakeEngine {
  now = 1000;
  readonly bodies: unknown[] = [];
  line = (_value: unknown) => {};
  end = (_reply: Partial<UpstreamReply> = {}) => {};
  readonly warned: string[] = [];

  request({ body, onBytes }: UpstreamRequest): Promise<UpstreamReply> {
    this.bodies.push(JSON.parse(body ?? ''));
    return new Promise((resolve, reject) => {
      this.line = (value) => {
        try {
          onBytes?.(Buffer.from(`${JSON.stringify(value)}\n`), { more() {}, whole() {} });
        } catch (error) {
          reject(error);
        }
      };
      this.end = (reply = {}) => resolve({ status: 200, headers: {}, text: '', ...reply });
    });
  }
}

function open() {
  const engine = new FakeEngine();
  const pulls = new Pulls(
    engine,
    (line) => engine.warned.push(line),
    () => engine.now,
  );
  return { engine, pulls };
}

test('a pull says how far it is, over all layers', async () => {
  const { engine, pulls } = open();
  expect(pulls.missing('m')).toBe('engine is pulling model m');
  engine.line({ status: 'pulling manifest' });
  expect(pulls.missing('m')).toBe('engine is pulling model m');
  engine.line({ status: 'pulling 1', digest: '1', total: 800, completed: 100 });
  engine.line({ status: 'pulling 1', digest: '1', total: 800, completed: 400 });
  engine.line({ status: 'pulling 2', digest: '2', total: 200 });
  expect(pulls.missing('m')).toBe('engine is pulling model m (40 %)');
  expect(engine.bodies).toEqual([{ model: 'm', stream: true }]);
  expect(pulls.missing('n')).toBe('engine is pulling model n');
  expect(engine.bodies).toHaveLength(2);
  expect(engine.warned).toEqual(['pulling model m', 'pulling model n']);
});

test('one that fails is told with its reason, and begun again after a pause', async () => {
  const { engine, pulls } = open();
  pulls.missing('m');
  engine.line({ error: 'pull model manifest: no\u001b such host' });
  const failed =
    'engine does not have model m yet (pull failed: pull model manifest: no such host; the next attempt is in 1 s)';
  await expect.poll(() => pulls.missing('m')).toBe(failed);
  expect(engine.bodies).toHaveLength(1);
  expect(engine.warned.at(-1)).toBe('pull of model m failed: pull model manifest: no such host');
  engine.now += 1000;
  expect(pulls.missing('m')).toBe('engine is pulling model m');
  engine.end();
  await expect
    .poll(() => pulls.missing('m'))
    .toContain('the engine ended it without a word; the next attempt is in 2 s');
});

test('a refusal has a reason, too; a success has none', async () => {
  const { engine, pulls } = open();
  pulls.missing('m');
  engine.end({ status: 400, text: '{"error":"invalid model name"}' });
  await expect.poll(() => pulls.missing('m')).toContain('pull failed: invalid model name');
  engine.now += 1000;
  pulls.missing('m');
  engine.line({ status: 'success' });
  engine.end();
  await expect.poll(() => engine.bodies.length + Number(pulls.missing('m').length > 0)).toBeGreaterThan(3);
  expect(engine.warned.filter((line) => line.includes('failed'))).toHaveLength(1);
});
