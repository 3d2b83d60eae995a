import { Flags } from '@oclif/core';
import { remedy } from '../errors.ts';
import { DEFAULT_CONCURRENCY, TUNING, TUNING_NAMES, type Tuning } from '../services/chain/tuning.ts';
import { variable } from '../services/words.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import type { FlagValues } from '../services/workloads/service-definition.ts';
import { checkRange, parseDecimal, refused } from './flags.ts';

/** By the services' names. */
type PerService = Readonly<Record<string, number>>;

/** `numPredict` is `--num-predict`. */
const flagName = (tuning: keyof Tuning) => tuning.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const NAMES = SERVICES.map(({ name }) => name);
const EACH = NAMES.map((name) => `${name}=N`);

/** `N` for all services, or `a=N,b=N` for each its own; one that is not named is left as it is. */
const perServiceFlag = Flags.custom<PerService, { readonly tuning: keyof Tuning }>({
  helpValue: `N|${EACH.join(',')}`,
  parse: async (text, _context, flag) => {
    const value = (part: string): number => {
      const number = parseDecimal(part);
      const { whole, min, max } = TUNING[flag.tuning];
      if (number === undefined || (whole && !Number.isInteger(number))) {
        const kind = whole ? 'whole number' : 'number';
        throw refused(flag, `"${text}" is neither a ${kind} nor one for each service, as in ${EACH.join(',')}`);
      }
      return checkRange(number, part, { name: flag.name, min, max });
    };
    if (!text.includes('=')) return Object.fromEntries(NAMES.map((name) => [name, value(text)]));
    const found: Record<string, number> = {};
    for (const part of text.split(',')) {
      const [service = '', number = ''] = part.split(/=(.*)/s);
      if (!NAMES.includes(service)) throw refused(flag, `"${part}" is neither ${EACH.join(' nor ')}`);
      if (found[service] !== undefined) throw refused(flag, `"${text}" names ${service} twice`);
      found[service] = value(number);
    }
    return found;
  },
});

const flagOf = (tuning: keyof Tuning, what: string, common?: number) => {
  const each = SERVICES.map(({ name, defaults }) => `${defaults[tuning]} of ${name.toUpperCase()}`);
  const env = variable(flagName(tuning));
  return perServiceFlag({ tuning, description: `${what} [default: ${common ?? each.join(', ')}]`, env });
};

/** How the services work: the same flags for every deploy; one of a single service takes its own part. */
export const tuningFlags = {
  concurrency: flagOf(
    'concurrency',
    'requests at work at the same time: slots of the engine (its OLLAMA_NUM_PARALLEL) and of the service',
    DEFAULT_CONCURRENCY,
  ),
  'num-predict': flagOf('numPredict', 'longest answer, tokens'),
  'num-ctx': flagOf('numCtx', 'context of the model, prompt and answer together, tokens'),
  'prompt-chars': flagOf('promptChars', 'what the model sees of a prompt, characters'),
  temperature: flagOf('temperature', 'temperature of the model, 0 to 10', 0.2),
};

/** What the flags say of one service; undefined when that is nothing. */
export function tuningOf(flags: FlagValues, service: string): Tuning | undefined {
  const given = TUNING_NAMES.flatMap((name) => {
    const value = (flags[flagName(name)] as PerService | undefined)?.[service];
    return value === undefined ? [] : [[name, value]];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/**
 * For a deploy of one service alone.
 *
 * @throws RemedyError (exit 2) for a value that is only for others
 */
export function refuseForeignTuning(flags: FlagValues, service: string): void {
  for (const name of TUNING_NAMES.map(flagName)) {
    const value = flags[name] as PerService | undefined;
    if (value === undefined || value[service] !== undefined) continue;
    const fault = `--${name}: this deploys ${service.toUpperCase()} alone, and the value is for the other`;
    throw remedy.usage('usage', fault, [`write --${name} N, or give ${service} a value, too: ${EACH.join(',')}`]);
  }
}
