import { formatSeconds } from '../../durations.ts';

/** Colours a text, or leaves it alone where the stream shows no colours. Never the only carrier of a meaning. */
export type Paint = (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

export const plain: Paint = (_format, text) => text;

/** What stands before a line, by what became of it. */
export const MARKS = {
  done: { sign: '✓', colour: 'green' },
  failed: { sign: '✗', colour: 'red' },
  skipped: { sign: '•', colour: 'yellow' },
  warning: { sign: '!', colour: 'yellow' },
  info: { sign: '•', colour: 'cyan' },
} as const;

/** Cuts a text to `width` columns with an ellipsis, so that it never wraps. Counts code points. */
export function truncate(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  return width < 1 ? '' : `${points.slice(0, width - 1).join('')}…`;
}

/** Cuts from the front: names of instances differ in their last characters. */
export function truncateStart(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  return width < 1 ? '' : `…${points.slice(points.length - width + 1).join('')}`;
}

/** `████░░░░`, `width` columns wide. A fraction outside 0 to 1 (or not a number) is brought into it. */
export function bar(fraction: number, width: number): string {
  const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const full = Math.max(0, Math.floor(bounded * width));
  return '█'.repeat(full) + '░'.repeat(Math.max(0, width - full));
}

const LEVELS = '▁▂▃▄▅▆▇█';

/** Values as blocks from 0 to their largest, the last `width` of them; a space where there is none (0). */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width < 1 ? [] : values.slice(-width);
  const most = Math.max(...shown);
  const level = (value: number) => LEVELS[Math.min(LEVELS.length, Math.max(1, Math.ceil((value / most) * 8))) - 1];
  return shown.map((value) => (value > 0 ? level(value) : ' ')).join('');
}

/** Milliseconds in at most seven columns: `0.14 ms` (with two `decimals`), `340 ms`, `1.2 s`, `2m 05s`. */
export function formatMillis(ms: number, decimals = 1): string {
  if (ms >= 999.5) return formatSeconds(Math.max(1, ms / 1000));
  return `${ms.toFixed(ms < 9.95 ? decimals : 0)} ms`;
}

/** Whole seconds: tenths that race past say nothing. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds} s` : formatSeconds(seconds);
}

/** `1,234` or, for `bytes`, `1.2 MB`: decimal units, as disks and networks count. */
export function formatAmount(amount: number, unit: string): string {
  if (unit !== 'bytes') return `${amount.toLocaleString('en-US')} ${unit}`;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, power] = [amount, 0];
  for (; value >= 999.95 && power < units.length - 1; power++) value /= 1000;
  return `${power === 0 ? amount : value.toFixed(1)} ${units[power]}`;
}

export { formatEstimate, formatSpan } from '../../durations.ts';
export { formatRate, plural } from '../../services/words.ts';

/** What to do next, a command a line: nothing breaks one that is to be pasted. */
export function nextCommands(commands: readonly string[]): string[] {
  return commands.map((command, index) => `${index === 0 ? 'Next:' : '     '} ${command}`);
}
