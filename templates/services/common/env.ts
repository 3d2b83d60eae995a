import { readFileSync } from 'node:fs';

/** Thrown for a value that cannot be used; the message names the variable and the value. */
export class EnvError extends Error {}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Reads settings from environment variables and refuses what it cannot use.
 * An empty value counts as unset, because that is what `${NAME:-}` in a compose file produces.
 */
export class Env {
  readonly #source: Readonly<Record<string, string | undefined>>;

  constructor(source: Readonly<Record<string, string | undefined>>) {
    this.#source = source;
  }

  /** The raw value, where empty and unset must be told apart. */
  raw(name: string): string | undefined {
    // `constructor` is no variable.
    return Object.hasOwn(this.#source, name) ? this.#source[name] : undefined;
  }

  text(name: string, fallback: string): string {
    return this.#source[name]?.trim() || fallback;
  }

  number(name: string, fallback: number, range: Range = {}): number {
    const value = this.#source[name]?.trim();
    if (!value) return fallback;
    const number = Number(value);
    if (!Number.isFinite(number)) throw new EnvError(`${name}: "${value}" is not a number`);
    return inRange(name, value, number, range);
  }

  integer(name: string, fallback: number, range: Range = {}): number {
    const value = this.#source[name]?.trim();
    if (!value) return fallback;
    if (!/^-?\d+$/.test(value)) throw new EnvError(`${name}: "${value}" is not a whole number`);
    return inRange(name, value, Number(value), range);
  }

  /** @param words the documented values, for the refusal; the usual others are taken as well */
  flag(name: string, fallback: boolean, words: readonly [yes: string, no: string] = ['true', 'false']): boolean {
    const value = this.#source[name]?.trim().toLowerCase();
    if (!value) return fallback;
    if (value === '1' || value === 'true' || value === 'yes' || value === 'on') return true;
    if (value === '0' || value === 'false' || value === 'no' || value === 'off') return false;
    throw new EnvError(`${name}: "${value}" is neither ${words.join(' nor ')}`);
  }

  /** A secret from the file that `NAME_FILE` names, else from `NAME`; undefined with neither. It is in no error. */
  secret(name: string): { readonly name: string; readonly value: string } | undefined {
    const path = this.text(`${name}_FILE`, '');
    const value = path === '' ? this.text(name, '') : readSecretFile(`${name}_FILE`, path);
    return path === '' && value === '' ? undefined : { name: path === '' ? name : `${name}_FILE`, value };
  }

  /** An http or https URL, without trailing slashes. */
  url(name: string, fallback: string): string {
    const value = this.text(name, fallback);
    return parseHttpUrl(name, value).href.replace(/\/+$/, '');
  }
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new EnvError(`${name}: "${path}" cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Parses an http(s) URL or says which variable holds the wrong one. */
export function parseHttpUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new EnvError(`${name}: "${value}" is not an http:// or https:// URL`);
  }
  return url;
}

function inRange(name: string, value: string, number: number, { min = -Infinity, max = Infinity }: Range): number {
  if (number < min) throw new EnvError(`${name}: "${value}" is below the minimum ${min}`);
  if (number > max) throw new EnvError(`${name}: "${value}" is above the maximum ${max}`);
  return number;
}
