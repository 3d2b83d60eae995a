import { expect, test } from 'vitest';
import { flagsFromFile } from '../../../src/config/file-flags.ts';
import { provenanceOf, settingText } from '../../../src/config/provenance.ts';

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
  expect(settings.map(settingText)).toEqual([
    'rps = 1,2 (flag)',
    'duration = 30 (lab.yaml)',
    'tag = x (RUN_TAG)',
    'warmup = 2 (default)',
    'slo = p95<2s,ok>99% (lab.yaml)',
  ]);
});

test('values of the file as arguments: shared ones first, switches as switches, what is set already left out', () => {
  const known = {
    stack: { type: 'option' },
    json: { type: 'boolean' },
    preflight: { type: 'boolean' },
    rps: { type: 'option' },
  };
  const file = { all: { stack: 'lab', json: true }, load: { preflight: false, rps: [1, 2] }, smoke: { nothing: 1 } };
  const found = flagsFromFile(file, 'load', known, (flag) => flag !== 'json');
  expect(found.map(({ argument }) => argument)).toEqual(['--stack=lab', '--no-preflight', '--rps=1,2']);
  const several = { slo: { type: 'option', multiple: true } };
  const slos = flagsFromFile({ load: { slo: ['p95<2s', 'ok>99%'] } }, 'load', several, () => true);
  expect(slos.map(({ argument }) => argument)).toEqual(['--slo=p95<2s', '--slo=ok>99%']);
  expect(() => flagsFromFile({ load: { rp: 1 } }, 'load', known, () => true)).toThrow(
    'load.rp is not a flag of "chainctl load"',
  );
});
