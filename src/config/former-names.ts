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
