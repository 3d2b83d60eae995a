import { redacted, withoutCredentials } from '../redacted.ts';
import { isTyped } from './flags.ts';

/** What is asked of a flag's definition here. */
export interface KnownFlag {
  readonly type: string;
  readonly env?: string;
  readonly formerly?: string;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly aliases?: readonly string[];
  readonly deprecateAliases?: boolean;
}

export type KnownFlags = Readonly<Record<string, KnownFlag>>;

/** What tells where values come from; each is asked by the name of a flag. */
interface Origins {
  isTyped(name: string): boolean;
  isInFile(name: string): boolean;
  isDefault(name: string): boolean;
  /** The environment variable that a flag listens to. */
  variableOf(name: string): string | undefined;
  /** The path of the configuration file. */
  readonly file: string;
}

/**
 * Every setting that has a value, with where it comes from: flags over environment over configuration file over defaults.
 *
 * @returns `duration = 30 (CHAINCTL_LOAD_DURATION)`; durations in seconds, as they are used; `a=1,b=2` for several in one
 */
export function provenanceOf(flags: Readonly<Record<string, unknown>>, origins: Origins): string[] {
  const from = (name: string): string => {
    if (origins.isTyped(name)) return 'flag';
    if (origins.isInFile(name)) return origins.file;
    return origins.isDefault(name) ? 'default' : (origins.variableOf(name) ?? 'default');
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const text = (name: string, value: unknown) =>
    valueText(
      // Values that may be keys or signatures.
      Array.isArray(value) || name === 'model-url'
        ? [value].flat().flatMap((each) => redacted([`--${name}`, String(each)])[1] ?? [])
        : value,
    );
  return given.map(([name, value]) => `${name} = ${text(name, value)} (${from(name)})`);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return withoutCredentials(value.join(','));
  if (typeof value !== 'object' || value === null) return withoutCredentials(String(value));
  const parts = Object.entries(value).map(([key, part]) => `${key}=${part}`);
  return parts.join(',');
}

type Named = Readonly<Record<string, Omit<KnownFlag, 'type'>>>;
type Variables = Readonly<Record<string, string | undefined>>;

/** The variables to be set in place of earlier ones that are set, by their new names, with a warning each. Pure. */
export function formerVariables(flags: Named, env: Variables) {
  return Object.values(flags).flatMap(({ env: variable, formerly }) => {
    const value = formerly === undefined ? undefined : env[formerly];
    if (!value || variable === undefined || env[variable]) return [];
    return [{ variable, value, warning: `${formerly} has been renamed: set ${variable} instead` }];
  });
}

/**
 * A warning for each earlier name of a flag in use. Pure.
 *
 * @param words what was set: the words of the command line, and `--name` for each name in the configuration file
 */
export function formerFlags(flags: Named, words: readonly string[]): string[] {
  return Object.entries(flags).flatMap(([name, { aliases = [], deprecateAliases }]) =>
    (deprecateAliases === true ? aliases : [])
      .filter((alias) => isTyped(words, alias))
      .map((alias) => `--${alias} has been renamed: write --${name} instead`),
  );
}
