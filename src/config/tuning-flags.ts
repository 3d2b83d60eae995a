import { Flags } from '@oclif/core';
import { ExitCode, RemedyError } from '../errors.ts';
import { DEFAULT_CONCURRENCY, DEFAULT_NUM_CTX, TUNING, TUNING_NAMES, type Tuning } from '../services/chain/tuning.ts';
import { checkRange, parseDecimal, refused } from './flags.ts';

type Service = 'a' | 'b';
type PerService = Readonly<Partial<Record<Service, number>>>;

const FLAGS = {
  concurrency: 'concurrency',
  numPredict: 'num-predict',
  numCtx: 'num-ctx',
  promptChars: 'prompt-chars',
  temperature: 'temperature',
} as const satisfies Record<keyof Tuning, string>;

/** `N` for A and B, or `a=N,b=N` for each its own; one of both leaves the other as it is. */
const perServiceFlag = Flags.custom<PerService, { readonly tuning: keyof Tuning }>({
  helpValue: 'N|a=N,b=N',
  parse: async (text, _context, flag) => {
    const value = (part: string): number => {
      const number = parseDecimal(part);
      const { whole, min, max } = TUNING[flag.tuning];
      if (number === undefined || (whole && !Number.isInteger(number))) {
        const kind = whole ? 'whole number' : 'number';
        throw refused(flag, `"${text}" is neither a ${kind} nor one for each service, as in a=N,b=N`);
      }
      return checkRange(number, part, { name: flag.name, min, max });
    };
    if (!text.includes('=')) return { a: value(text), b: value(text) };
    const found: Partial<Record<Service, number>> = {};
    for (const part of text.split(',')) {
      const [, service, number = ''] = /^([ab])=(.*)$/.exec(part) ?? [];
      if (service !== 'a' && service !== 'b') throw refused(flag, `"${part}" is neither a=N nor b=N`);
      if (found[service] !== undefined) throw refused(flag, `"${text}" names ${service} twice`);
      found[service] = value(number);
    }
    return found;
  },
});

const flagOf = (tuning: keyof Tuning, description: string) => {
  const env = `CHAINCTL_${FLAGS[tuning].replaceAll('-', '_').toUpperCase()}`;
  return perServiceFlag({ tuning, description, env });
};

/** How the services work: the same flags for every deploy; one of a single service takes its own part. */
export const tuningFlags = {
  concurrency: flagOf(
    'concurrency',
    `requests at work at the same time: slots of the engine (its OLLAMA_NUM_PARALLEL) and of the service [default: ${DEFAULT_CONCURRENCY}]`,
  ),
  'num-predict': flagOf('numPredict', 'longest answer, tokens [default: 20 of A, 40 of B]'),
  'num-ctx': flagOf(
    'numCtx',
    `context of the model, prompt and answer together, tokens [default: ${DEFAULT_NUM_CTX.a} of A, ${DEFAULT_NUM_CTX.b} of B]`,
  ),
  'prompt-chars': flagOf('promptChars', 'what the model sees of a prompt, characters [default: 700 of A, 1200 of B]'),
  temperature: flagOf('temperature', 'temperature of the model, 0 to 10 [default: 0.2]'),
};

export type TuningFlagValues = Readonly<Partial<Record<(typeof FLAGS)[keyof Tuning], PerService | undefined>>>;

/** What the flags say of one service; undefined when that is nothing. */
export function tuningOf(flags: TuningFlagValues, service: Service): Tuning | undefined {
  const given = TUNING_NAMES.flatMap((name) => {
    const value = flags[FLAGS[name]]?.[service];
    return value === undefined ? [] : [[name, value]];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/**
 * For a deploy of one service alone.
 *
 * @throws RemedyError (exit 2) for a value that is only the other's
 */
export function refuseForeignTuning(flags: TuningFlagValues, service: Service): void {
  for (const name of Object.values(FLAGS)) {
    const value = flags[name];
    if (value === undefined || value[service] !== undefined) continue;
    throw new RemedyError(`--${name}: this deploys ${service.toUpperCase()} alone, and the value is for the other`, {
      code: 'usage',
      exit: ExitCode.usage,
      nextSteps: [`write --${name} N, or give ${service} a value, too: a=N,b=N`],
    });
  }
}
