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
