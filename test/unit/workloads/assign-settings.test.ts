import { describe, expect, it } from 'vitest';
import { askServices } from '../../../src/services/workloads/ask.ts';
import { assignSettings, type Settable } from '../../../src/services/workloads/assign-settings.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import { parseSetting } from '../../../src/services/workloads/given-setting.ts';

const COMMON = [
  'PORT',
  'AUTH_TOKEN_FILE',
  'AUTH_TOKEN',
  'MODELS',
  'MAX_CONCURRENCY',
  'ENGINE_URL',
  'MIN_PROCESS_SECONDS',
];
const a: Settable = {
  definition: definitionOf('a'),
  reads: [...COMMON, 'HISTORY', 'HISTORY_URL_FILE', 'HISTORY_URL', 'OLLAMA_MODEL_A', 'REMOTE_B_URL'],
  flags: ['port-a', 'model-a', 'concurrency', 'auth'],
};
const b: Settable = { definition: definitionOf('b'), reads: [...COMMON, 'OLLAMA_MODEL'], flags: ['model', 'auth'] };

const assigned = (settings: readonly string[], services = [a, b]) =>
  assignSettings(settings.map(parseSetting), services);
const refusal = (settings: readonly string[], services?: Settable[]) => {
  try {
    assigned(settings, services);
  } catch (error) {
    const { message, exit, nextSteps } = error as { message: string; exit: number; nextSteps: readonly string[] };
    expect(exit).toBe(2);
    return [message, ...nextSteps].join(' -> ');
  }
  throw new Error('it was not refused');
};

describe('variables of services', () => {
  it('are of each service that reads them, or of the one that is named', () => {
    expect(assigned(['HISTORY=off', 'MODELS=x,y', 'b.MODELS=z'])).toEqual([
      { service: 'a', name: 'HISTORY', value: 'off' },
      { service: 'a', name: 'MODELS', value: 'x,y' },
      { service: 'b', name: 'MODELS', value: 'z' },
    ]);
    expect(assigned(['a.MIN_PROCESS_SECONDS=2'])).toHaveLength(1);
  });

  it('keep everything behind the first equals sign', () => {
    expect(parseSetting('a.CORS_ORIGINS=https://x.example,https://y.example?z=1')).toEqual({
      service: 'a',
      name: 'CORS_ORIGINS',
      value: 'https://x.example,https://y.example?z=1',
    });
  });

  it.each([
    [['HISTORI=off'], 'neither service A nor service B reads HISTORI -> did you mean --set HISTORY=...?'],
    [['a.history=off'], 'service A does not read history -> did you mean --set a.HISTORY=...?'],
    [['a.ZZZZZZZZ=1'], 'service A does not read ZZZZZZZZ -> choose one of HISTORY, HISTORY_URL, MIN_PROCESS_SECONDS'],
    [['b.HISTORY=off'], 'service B does not read HISTORY, but service A does -> write --set a.HISTORY=...'],
    [['c.HISTORY=off'], 'and no service "c" -> write --set a.HISTORY=... or --set b.HISTORY=...'],
    [['a.MODELS=x', 'a.MODELS=y'], '--set a.MODELS is given twice -> leave one of them out'],
    [['PORT=1'], 'chainctl sets PORT of service A itself -> use --port-a'],
    [['b.PORT=1'], 'chainctl sets PORT of service B itself -> leave it out'],
    [['b.OLLAMA_MODEL=m'], 'chainctl sets OLLAMA_MODEL of service B itself -> use --model'],
    [['MAX_CONCURRENCY=1'], 'use --concurrency'],
    [['b.MIN_PROCESS_SECONDS=1'], 'chainctl sets MIN_PROCESS_SECONDS of service B itself'],
    [['AUTH_TOKEN_FILE=/x'], 'chainctl sets AUTH_TOKEN_FILE of service A itself -> use --auth'],
    [['HISTORY_URL_FILE=/x'], 'write --set HISTORY_URL=@FILE'],
    [['MODELS=@file'], '--set MODELS: only secrets are taken from files'],
  ])('are refused: %j', (settings, text) => {
    expect(refusal(settings)).toContain(text);
  });

  it('are of the services that are deployed', () => {
    expect(refusal(['a.HISTORY=off'], [b])).toContain('this deploys service B, and no service "a"');
    expect(refusal(['HISTORY=off'], [b])).toContain('service B does not read HISTORY');
  });

  it('never show a secret that was typed', () => {
    const text = refusal(['HISTORY_URL=postgres://u:hidden@h/d']);
    expect(text).toContain('--set HISTORY_URL=@FILE');
    expect(text).not.toContain('hidden');
  });

  it.each([
    ['noise', '"noise" is no setting'],
    ['=x', '"" is no setting'],
    ['A.HISTORY=off', '"A.HISTORY" is no setting'],
    ['HISTORY= ', 'there is no value'],
    ['HISTORY=a\nb', 'a control character'],
    ['HISTORY=a\u0000', 'a control character'],
  ])('need a name and a value: %j', (text, fault) => {
    expect(() => parseSetting(text)).toThrow(fault);
  });

  it('become a part of the request: values, and files of secrets', () => {
    const set = assigned(['HISTORY=off', 'HISTORY_URL=@/s/url', 'b.MODELS=z']);
    const asked = askServices([definitionOf('a'), definitionOf('b')], { set });
    expect(asked.a).toMatchObject({ set: { HISTORY: 'off' }, secretFiles: { HISTORY_URL: '/s/url' } });
    expect(asked.b).toMatchObject({ set: { MODELS: 'z' } });
    expect(askServices([definitionOf('b')], {}).b).toEqual({ model: 'phi3:mini' });
  });
});
