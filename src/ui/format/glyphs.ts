type Env = Readonly<Record<string, string | undefined>>;

/** One character for one, so that widths stay as they were. */
const ASCII: Readonly<Record<string, string>> = {
  ...{ '✓': '+', '✗': 'x', '•': '*', '·': '-', '…': '~', '±': '%', '▸': '>' },
  ...{ '█': '#', '░': '.', '▇': '*', '▆': '+', '▅': '=', '▄': '-', '▃': ':', '▂': '.', '▁': '_' },
  ...{ '⠋': '|', '⠙': '/', '⠹': '-', '⠸': '\\', '⠼': '|', '⠴': '/', '⠦': '-', '⠧': '\\', '⠇': '|', '⠏': '/' },
};
const DRAWN = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g');

/** Whether block, braille and check characters can be shown: not on Linux' own console, nor outside UTF-8. */
export function canShowUnicode(env: Env): boolean {
  if (env.TERM === 'linux') return false;
  if (env.WT_SESSION !== undefined) return true;
  // The first one that is set decides, as in setlocale(3); none at all is the C locale.
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '');
}

/** A row with every character that this program draws replaced by one that every terminal has. */
export function toAscii(text: string): string {
  return text.replace(DRAWN, (drawn) => ASCII[drawn] as string);
}
