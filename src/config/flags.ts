import { Flags } from '@oclif/core';
import { durationText, LONGEST_SECONDS, parseDuration } from '../durations.ts';
import { type RemedyError, reasonOf, remedy } from '../errors.ts';
import { parseModelName } from '../services/chain/model-name.ts';
import { unixTarget } from '../services/dial/unix-target.ts';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A flag that an environment variable of an earlier version sets, too: with a warning, and unless its own is set.
 *
 * @param variable the earlier name, such as `CHAINCTL_LOAD_OUT`
 */
export function formerly<F extends { env?: string }>(variable: string, flag: F): F {
  return { ...flag, formerly: variable } as F;
}

/** Whether a flag stands on the command line. */
export function isTyped(argv: readonly string[], flag: string): boolean {
  return argv.some((word) => word === `--${flag}` || word === `--no-${flag}` || word.startsWith(`--${flag}=`));
}

/** A bad value is refused at the door, with the flag that it was given to. */
export function refused(flag: { readonly name: string }, fault: string): RemedyError {
  return remedy.usage('usage', `--${flag.name}: ${fault}`);
}

/** @throws RemedyError (exit 2) with the range */
export function checkRange(value: number, text: string, flag: Range & { readonly name: string }): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = flag;
  if (value >= min && value <= max) return value;
  const bounds = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`;
  throw refused(flag, `"${text}" is out of range: it must be ${bounds}`);
}

/** A duration, parsed to seconds. */
export const durationFlag = Flags.custom<number, Range & Record<string, unknown>>({
  helpValue: '10s',
  defaultHelp: async ({ options }) => (typeof options.default === 'number' ? durationText(options.default) : undefined),
  parse: async (text, _context, flag) => {
    let seconds: number;
    try {
      seconds = parseDuration(text);
    } catch (error) {
      throw refused(flag, reasonOf(error));
    }
    if (seconds > (flag.max ?? LONGEST_SECONDS)) {
      throw refused(flag, `"${text}" is too long: it may be at most ${durationText(flag.max ?? LONGEST_SECONDS)}`);
    }
    return checkRange(seconds, text, flag);
  },
});

/** A plain decimal such as `2` or `-0.5`: no exponent, no other base, no blanks; undefined for everything else. */
export function parseDecimal(text: string): number | undefined {
  return /^-?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : undefined;
}

/** @param read undefined for a text that is not `what` */
const numeric = (what: string, read: (text: string) => number | undefined) =>
  Flags.custom<number, Range & Record<string, unknown>>({
    helpValue: 'N',
    parse: async (text, _context, flag) => {
      const value = read(text.trim());
      if (value === undefined) throw refused(flag, `"${text}" is not ${what}`);
      return checkRange(value, text, flag);
    },
  });

export const numberFlag = numeric('a number', parseDecimal);

export const integerFlag = numeric('a whole number', (text) => (/^-?\d+$/.test(text) ? Number(text) : undefined));

function httpUrl(text: string, flag: { readonly name: string }, example: string): URL {
  const url = URL.parse(text);
  if (unixTarget(text) !== undefined) {
    throw refused(
      flag,
      `"${text}" is a socket file, and this is an address of the network: write for example ${example}`,
    );
  }
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused(flag, `"${text}" is not an http or https URL: write for example ${example}`);
  }
  if (url.username !== '' || url.password !== '') throw refused(flag, 'a URL must not carry a user name or password');
  return url;
}

/** @throws RemedyError (exit 2) when it is not an absolute http or https URL */
export function checkUrl(text: string, flag: { readonly name: string }): string {
  httpUrl(text, flag, 'http://127.0.0.1:8001');
  return text;
}

/** A text that is checked; what `check` returns is the value. */
const checkedFlag = (helpValue: string, check: (text: string, flag: { readonly name: string }) => string) =>
  Flags.custom<string>({ helpValue, parse: async (text, _context, flag) => check(text, flag) });

export const urlFlag = checkedFlag('URL', checkUrl);

/** Where metrics are posted to: a URL without a path gets the one that OTLP has for them. */
export const otlpFlag = checkedFlag('URL', (text, flag) => {
  const url = httpUrl(text, flag, 'http://127.0.0.1:4318');
  if (url.search !== '' || url.hash !== '') {
    throw refused(flag, 'the URL is shown in notes: put keys into OTEL_EXPORTER_OTLP_HEADERS, not behind a "?"');
  }
  return url.pathname === '/' ? new URL('/v1/metrics', url).href : text;
});

/** The name of a stack: also a folder's name and, on clouds, a part of resource names. */
export const stackFlag = checkedFlag('NAME', (text, flag) => {
  if (/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/.test(text)) return text;
  const rule = 'up to 20 lower-case letters, digits and hyphens, beginning with a letter';
  throw refused(flag, `"${text}" is not a stack name: ${rule}`);
});

/** The name of a model: which ones there are is for the engine to say. */
export const modelFlag = checkedFlag('MODEL', (text, flag) => {
  if (/^[^\s\p{C}]{1,350}$/u.test(text)) return text;
  throw refused(flag, `"${text}" is not a model's name: it has no blanks, and at most 350 characters`);
});

/**
 * The name of a model, as Ollama takes it: `tinyllama`, `phi3:mini`, `hf.co/owner/name:Q4_K_M`, `host:5000/owner/name:tag`.
 *
 * @throws RemedyError (exit 2)
 */
export function checkModelName(text: string, flag: { readonly name: string }): string {
  if (parseModelName(text) !== undefined) return text;
  throw refused(flag, `"${text}" is not a model's name: write for example phi3:mini or hf.co/OWNER/NAME:Q4_K_M`);
}

/** Flags under a heading of their own in the help. */
export function grouped<F extends object>(helpGroup: string, flags: F): F {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, helpGroup }])) as F;
}

/** For the elasticity metrics: what one instance sustains is the measure of demand. */
export const capacityFlag = numberFlag({
  description: 'requests per second that one instance sustains, for the elasticity metrics',
  min: 0.001,
  helpValue: 'RPS',
});

/** The file that holds the token of the chain; the value itself is never on a command line, where others can read it. */
export const tokenFileFlag = Flags.string({
  description: "holds the chain's token; or CHAINCTL_TOKEN is it [default: the stack's own, for its own addresses]",
  env: 'CHAINCTL_TOKEN_FILE',
  helpValue: 'FILE',
});

export const caFileFlag = Flags.string({
  description: "certificates of the target's authority, PEM, beside those that are trusted anyway",
  env: 'CHAINCTL_CA_FILE',
  helpValue: 'FILE',
});

/**
 * `--results`, the folder of recorded runs, of every command that writes or reads them.
 *
 * @param aliases names that the flag had, which still work with a warning
 */
export function resultsFlag(description = 'folder of recorded runs', aliases: string[] = []) {
  const former = aliases.length === 0 ? {} : { aliases, deprecateAliases: true };
  return formerly(
    'CHAINCTL_LOAD_OUT',
    Flags.string({ description, env: 'CHAINCTL_RESULTS', default: 'results', helpValue: 'FOLDER', ...former }),
  );
}
