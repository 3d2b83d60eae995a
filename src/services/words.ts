/** A path or a name as one word of a command that is to be pasted into a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The variable of a setting, as every shell can set it: `port`, `b-two` -> `CHAINCTL_PORT_B_TWO`. */
export function variable(...words: readonly string[]): string {
  return ['chainctl', ...words].join('_').toUpperCase().replaceAll('-', '_');
}

/** `1 point`, `3 points`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A rate per second: three digits, without zeros at the end; none after the point above 100. */
export function formatRate(rate: number): string {
  return rate >= 99.95 ? Math.round(rate).toString() : String(Number(rate.toPrecision(3)));
}

/** What a text means as JSON; undefined for one that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
