/** What is asked of a flag's definition here. */
interface Named {
  readonly env?: string;
  readonly formerly?: string;
  readonly aliases?: readonly string[];
  readonly deprecateAliases?: boolean;
}

/**
 * Which earlier names of flags are in use. Pure.
 *
 * @param used what was set: the words of the command line, and `--name` for each name in the configuration file
 * @returns the variables to be set in place of earlier ones, and a sentence for each earlier name
 */
export function formerNames(
  flags: Readonly<Record<string, Named>>,
  used: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { readonly variables: Readonly<Record<string, string>>; readonly warnings: readonly string[] } {
  const variables: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [name, flag] of Object.entries(flags)) {
    const value = flag.formerly === undefined ? undefined : env[flag.formerly];
    if (value && flag.env !== undefined && !env[flag.env]) {
      variables[flag.env] = value;
      warnings.push(`${flag.formerly} has been renamed: set ${flag.env} instead`);
    }
    for (const alias of flag.deprecateAliases === true ? (flag.aliases ?? []) : []) {
      const is = (word: string) => word === `--${alias}` || word.startsWith(`--${alias}=`);
      if (used.some(is)) warnings.push(`--${alias} has been renamed: write --${name} instead`);
    }
  }
  return { variables, warnings };
}
