/** A setting that is in force, and where its value comes from. */
export interface Setting {
  readonly name: string;
  readonly value: unknown;
  /** `flag`, `default`, the name of an environment variable, or the path of the configuration file. */
  readonly from: string;
}

/** What tells where values come from; each is asked by the name of a flag. */
export interface Origins {
  isTyped(name: string): boolean;
  isInFile(name: string): boolean;
  isDefault(name: string): boolean;
  /** The environment variable that a flag listens to. */
  variableOf(name: string): string | undefined;
  readonly file: string;
}

/** Every setting that has a value with its provenance: flags over environment over configuration file over defaults. */
export function provenanceOf(flags: Readonly<Record<string, unknown>>, origins: Origins): Setting[] {
  const from = (name: string): string => {
    if (origins.isTyped(name)) return 'flag';
    if (origins.isInFile(name)) return origins.file;
    return origins.isDefault(name) ? 'default' : (origins.variableOf(name) ?? 'default');
  };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value, from: from(name) }],
  );
}

/** `duration = 30 (CHAINCTL_LOAD_DURATION)`; durations are in seconds, as they are used; `a=1,b=2` for several in one. */
export function settingText({ name, value, from }: Setting): string {
  return `${name} = ${valueText(value)} (${from})`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, part]) => `${key}=${part}`)
    .join(',');
}

/** What is asked of a flag's definition here. */
interface Named {
  readonly env?: string;
  readonly formerly?: string;
  readonly aliases?: readonly string[];
  readonly deprecateAliases?: boolean;
}

type Flags = Readonly<Record<string, Named>>;
type Variables = Readonly<Record<string, string | undefined>>;

/** The variables to be set in place of earlier ones that are set, by their new names, with a warning each. Pure. */
export function formerVariables(flags: Flags, env: Variables) {
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
export function formerFlags(flags: Flags, words: readonly string[]): string[] {
  return Object.entries(flags).flatMap(([name, { aliases = [], deprecateAliases }]) =>
    (deprecateAliases === true ? aliases : [])
      .filter((alias) => words.some((word) => word === `--${alias}` || word.startsWith(`--${alias}=`)))
      .map((alias) => `--${alias} has been renamed: write --${name} instead`),
  );
}
