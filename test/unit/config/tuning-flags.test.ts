import { Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { refuseForeignTuning, tuningFlags, tuningOf } from '../../../src/config/tuning-flags.ts';
import { tuningEnv } from '../../../src/services/chain/tuning.ts';
import type { FlagValues } from '../../../src/services/workloads/service-definition.ts';

const parsed = async (...argv: string[]): Promise<FlagValues> =>
  (await Parser.parse(argv, { flags: tuningFlags })).flags;

describe('how services work, as flags', () => {
  it('is one value for both, or one for each', async () => {
    const flags = await parsed(
      '--concurrency=2',
      '--num-ctx=a=512,b=2048',
      '--temperature=b=0',
      '--prompt-chars',
      '300',
    );
    expect(tuningOf(flags, 'a')).toEqual({ concurrency: 2, numCtx: 512, promptChars: 300 });
    expect(tuningOf(flags, 'b')).toEqual({ concurrency: 2, numCtx: 2048, promptChars: 300, temperature: 0 });
  });

  it('is nothing where nothing is said', async () => {
    expect(tuningOf(await parsed(), 'a')).toBeUndefined();
    expect(tuningOf(await parsed('--num-predict=b=9'), 'a')).toBeUndefined();
  });

  it.each([
    ['--num-predict=many', /--num-predict: "many" is neither a whole number nor/],
    ['--num-predict=0', /--num-predict: "0" is out of range: it must be from 1 to 1000000/],
    ['--num-ctx=3', /--num-ctx: "3" is out of range: it must be from 4 to/],
    ['--num-ctx=a=512,b=x', /--num-ctx: "a=512,b=x" is neither a whole number nor one for each/],
    ['--num-ctx=a=512,c=1', /--num-ctx: "c=1" is neither a=N nor b=N/],
    ['--num-ctx=a=512,a=513', /--num-ctx: "a=512,a=513" names a twice/],
    ['--num-ctx=a=512,1024', /--num-ctx: "1024" is neither a=N nor b=N/],
    ['--concurrency=1.5', /--concurrency: "1.5" is neither a whole number/],
    ['--concurrency=a=', /--concurrency: "a=" is neither/],
    ['--temperature=11', /--temperature: "11" is out of range: it must be from 0 to 10/],
    ['--num-ctx=0x10', /--num-ctx: "0x10" is neither a whole number nor/],
    ['--num-ctx=1e3', /--num-ctx: "1e3" is neither a whole number nor/],
    ['--num-ctx= 512', /--num-ctx: " 512" is neither a whole number nor/],
    ['--num-ctx=a=512,b=0b11', /--num-ctx: "a=512,b=0b11" is neither a whole number nor/],
    ['--num-ctx=a=512, b=512', /--num-ctx: " b=512" is neither a=N nor b=N/],
    ['--temperature=1e-1', /--temperature: "1e-1" is neither a number nor/],
    ['--temperature=Infinity', /--temperature: "Infinity" is neither a number nor/],
  ])('%s is refused with its place', async (typed, message) => {
    await expect(parsed(typed)).rejects.toMatchObject({ exit: 2, message: expect.stringMatching(message) });
  });

  it('does not take a value that is only for the service that is not deployed', async () => {
    const flags = await parsed('--num-ctx=b=1024');
    expect(() => refuseForeignTuning(flags, 'b')).not.toThrow();
    expect(() => refuseForeignTuning(flags, 'a')).toThrow('--num-ctx: this deploys A alone');
  });
});

describe('how a service works, as its environment', () => {
  it('is one slot where nothing else is said, and nothing more', () => {
    expect(tuningEnv(undefined)).toEqual({ MAX_CONCURRENCY: '1' });
  });

  it('has a variable for each', () => {
    const tuning = { concurrency: 4, numPredict: 5, numCtx: 512, promptChars: 300, temperature: 0 };
    expect(tuningEnv(tuning)).toEqual({
      MAX_CONCURRENCY: '4',
      NUM_PREDICT: '5',
      NUM_CTX: '512',
      PROMPT_CHARS: '300',
      TEMPERATURE: '0',
    });
  });
});
