const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * How long the engine keeps a model after a request, in milliseconds: "30m", "1h30m", or seconds as a bare number.
 * Infinity for a negative one, as in Ollama; undefined where the engine's own default counts or the text is none.
 */
export function keepAliveMs(keepAlive: string): number | undefined {
  if (/^-\d/.test(keepAlive)) return Infinity;
  if (/^\d+$/.test(keepAlive)) return Number(keepAlive) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(keepAlive)) return undefined;
  let ms = 0;
  for (const [, value, unit] of keepAlive.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    ms += Number(value) * (UNIT_MS[unit as string] ?? 0);
  }
  return ms;
}

/** Ollama takes a bare number as seconds and refuses it as a string. */
export function keepAliveField(keepAlive: string): { keep_alive?: string | number } {
  if (keepAlive === '') return {};
  return { keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive };
}
