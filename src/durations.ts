/** No timer runs for longer than 24 days, and a point has several of these one after the other: a week. */
export const LONGEST_SECONDS = 7 * 86_400;

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/**
 * Reads `500ms`, `10s`, `2m`, `1h`, `1m30s` or a bare number of seconds.
 *
 * @returns seconds
 * @throws Error that quotes the text and names the accepted forms
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(trimmed)) {
    throw new Error(`"${text}" is not a duration: write for example 500ms, 10s, 2m or 1m30s`);
  }
  let seconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit as string] as number);
  }
  return seconds;
}

/** Seconds as a person reads them: `340 ms`, `4.2 s`, `1m 05s`, `2h 10m`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** An estimate in seconds: no tenths, nobody knows them. */
export function formatEstimate(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(1, Math.round(seconds))} s` : formatSeconds(seconds);
}

/** A length that was asked for, in seconds: as exact as it was asked, `2 s` and `300 ms`. */
export function formatSpan(seconds: number): string {
  return seconds >= 1 && seconds < 60 ? `${Number(seconds.toFixed(3))} s` : formatSeconds(seconds);
}

/** Seconds as {@link parseDuration} reads them, the shortest way: `15m`, `1m30s`, `2s`, `500ms`. */
export function durationText(seconds: number): string {
  let rest = Math.round(seconds * 1000);
  const parts = (['h', 'm', 's', 'ms'] as const).map((unit) => {
    const size = (UNIT_SECONDS[unit] as number) * 1000;
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount === 0 ? '' : `${amount}${unit}`;
  });
  return parts.join('') || '0s';
}
