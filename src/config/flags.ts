import { Flags } from '@oclif/core';
import { parseDuration } from './durations.ts';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function checkRange(
  value: number,
  text: string,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Range,
) {
  if (value < min || value > max) {
    const bounds = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`;
    throw new Error(`"${text}" is out of range: it must be ${bounds}`);
  }
  return value;
}

/** A duration, parsed to seconds. */
export const durationFlag = Flags.custom<number, Range & Record<string, unknown>>({
  helpValue: '10s',
  parse: async (text, _context, options) => checkRange(parseDuration(text), text, options),
});

/** A number that may have decimals. */
export const numberFlag = Flags.custom<number, Range & Record<string, unknown>>({
  helpValue: 'N',
  parse: async (text, _context, options) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw new Error(`"${text}" is not a number`);
    return checkRange(value, text, options);
  },
});

/** A whole number. */
export const integerFlag = Flags.custom<number, Range & Record<string, unknown>>({
  helpValue: 'N',
  parse: async (text, _context, options) => {
    if (!/^-?\d+$/.test(text.trim())) throw new Error(`"${text}" is not a whole number`);
    return checkRange(Number(text), text, options);
  },
});

/** An absolute http or https URL. */
export const urlFlag = Flags.custom<string>({
  helpValue: 'URL',
  parse: async (text) => {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new Error(`"${text}" is not an http or https URL: write for example http://127.0.0.1:8001`);
    }
    if (url.username !== '' || url.password !== '') throw new Error('a URL must not carry a user name or password');
    return text;
  },
});

/** The name of a stack: also a folder's name and, on clouds, a part of resource names. */
export const stackFlag = Flags.custom<string>({
  helpValue: 'NAME',
  parse: async (text) => {
    if (!/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/.test(text)) {
      throw new Error(
        `"${text}" is not a stack name: up to 20 lower-case letters, digits and hyphens, beginning with a letter`,
      );
    }
    return text;
  },
});
