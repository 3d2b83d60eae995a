import { expect, test } from 'vitest';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import type { RecordedRun } from '../../../src/services/load/record/read-run.ts';
import { manifestOf, resumedOptions, type SweepOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';

const TEMPLATE = '{"api_key": "sk-secret-1", "prompt": "{{prompt}}"}';
const options: SweepOptions = {
  ...{ targetUrl: 'http://h/infer', tag: 't', rates: [1], durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 5 },
  ...{ drainSeconds: 5, outFolder: 'results', prompt: DEFAULT_PROMPT, seed: 3, preflight: false, about: {} },
};
const plan = planSweep(options, { runId: 'r', simulated: false, maxInFlight: 10 });
const written = (change: Partial<SweepOptions>) =>
  JSON.stringify(manifestOf({ ...options, ...change }, undefined, { plan }));
const goOn = (manifest: string, template?: string) =>
  resumedOptions({ runId: 'r', manifest: JSON.parse(manifest) } as RecordedRun, {
    ...{ prompt: DEFAULT_PROMPT, about: {} },
    ...(template === undefined ? {} : { template, bodyFile: 'body.json' }),
  });

test('a manifest has the hash of the body, and nothing of its text', () => {
  const manifest = written({ template: TEMPLATE });
  expect(JSON.parse(manifest).settings.bodySha256).toMatch(/^[0-9a-f]{64}$/);
  expect(manifest).not.toContain('secret');
});

test('a run goes on with the same body, given again', () => {
  const resumed = goOn(written({ template: TEMPLATE }), TEMPLATE);
  expect(resumed.template).toBe(TEMPLATE);
  expect(resumed).not.toHaveProperty('bodySha256');
  expect(goOn(written({}))).not.toHaveProperty('template');
});

test.each([
  [TEMPLATE, undefined, 'no record has the text of its body'],
  [TEMPLATE, '{}', 'its body is not that of body.json'],
  [undefined, '{}', 'it has no --body-file'],
])('a run with the body %s does not go on with %s', (template, given, fault) => {
  const manifest = written(template === undefined ? {} : { template });
  expect(() => goOn(manifest, given)).toThrow(
    expect.objectContaining({ exit: 2, code: 'run-not-resumable', message: expect.stringContaining(fault) }),
  );
});

test('a run of an earlier version, whose manifest has the text, goes on with that', () => {
  const manifest = JSON.parse(written({}));
  manifest.settings.template = TEMPLATE;
  const text = JSON.stringify(manifest);
  expect(goOn(text).template).toBe(TEMPLATE);
  expect(goOn(text, TEMPLATE).template).toBe(TEMPLATE);
  expect(() => goOn(text, '{}')).toThrow(/its body is not that of body.json/);
});
