import { expect, test } from 'vitest';
import { provenanceOf } from '../../../src/config/provenance.ts';

test('flags over environment over file over defaults, each with its name', () => {
  const settings = provenanceOf(
    { rps: '1,2', duration: 30, tag: 'x', warmup: 2, slo: ['p95<2s', 'ok>99%'], resume: undefined },
    {
      isTyped: (name) => name === 'rps',
      isInFile: (name) => name === 'duration' || name === 'slo',
      isDefault: (name) => name !== 'tag' && name !== 'rps',
      variableOf: (name) => ({ tag: 'RUN_TAG', rps: 'CHAINCTL_LOAD_RPS' })[name],
      file: 'lab.yaml',
    },
  );
  expect(settings).toEqual([
    'rps = 1,2 (flag)',
    'duration = 30 (lab.yaml)',
    'tag = x (RUN_TAG)',
    'warmup = 2 (default)',
    'slo = p95<2s,ok>99% (lab.yaml)',
  ]);
});
