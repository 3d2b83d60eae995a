const UNIT_NS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);
/** A duration is an int64 of nanoseconds: 292 years, or one nanosecond more if it is negative. */
const LONGEST_NS = 2n ** 63n - 1n;
const LONGEST_DIGITS = 19;
/** More digits of a fraction do not count. */
const FRACTION_DIGITS = 18;

/** Milliseconds, or Go's text of what is wrong. */
type Duration = { readonly ms: number } | { readonly problem: string };

/**
 * Ollama's `keep_alive`: a number of seconds, or a Go duration such as "5m" or "1h30m"; negative means for ever,
 * `Infinity` here. A number in a text has no unit and is refused.
 */
export function parseKeepAlive(value: unknown): Duration {
  if (typeof value === 'number') return { ms: value < 0 ? Infinity : value * 1000 };
  if (typeof value === 'string') {
    const duration = parseDuration(value);
    return 'ms' in duration && duration.ms < 0 ? { ms: Infinity } : duration;
  }
  const type =
    typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
  return { problem: `Unsupported type: '${type}'` };
}

/**
 * The variables `OLLAMA_KEEP_ALIVE` and `KEEP_ALIVE_MODEL`, in which a number alone is seconds.
 * @returns milliseconds; Infinity for ever; undefined for a text that is no duration
 */
export function parseKeepAliveSetting(text: string): number | undefined {
  const duration = parseKeepAlive(isNumber(text) ? Number(text) : text);
  return 'ms' in duration ? duration.ms : undefined;
}

/** The request's `keep_alive` for such a setting. */
export function keepAliveField(setting: string): string | number {
  return isNumber(setting) ? Number(setting) : setting;
}

function isNumber(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/** Go's `time.ParseDuration`. */
function parseDuration(text: string): Duration {
  const invalid = () => ({ problem: `time: invalid duration ${quote(text)}` });
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return { ms: 0 };
  if (rest === '') return invalid();
  let total = 0n;
  while (rest !== '') {
    const [amount = '', whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? [];
    if (whole + fraction === '') return invalid();
    if (whole.replace(/^0+/, '').length > LONGEST_DIGITS) return invalid();
    rest = rest.slice(amount.length);
    const [unit = ''] = /^[^\d.]*/.exec(rest) ?? [];
    if (unit === '') return { problem: `time: missing unit in duration ${quote(text)}` };
    const unitNs = UNIT_NS.get(unit);
    if (unitNs === undefined) return { problem: `time: unknown unit ${quote(unit)} in duration ${quote(text)}` };
    rest = rest.slice(unit.length);
    const digits = fraction.slice(0, FRACTION_DIGITS);
    total += BigInt(whole) * BigInt(unitNs) + BigInt(Math.trunc(Number(digits) * (unitNs / 10 ** digits.length)));
    if (total > LONGEST_NS + 1n) return invalid();
  }
  const isNegative = text.startsWith('-');
  if (total > LONGEST_NS && !isNegative) return invalid();
  const ms = Number(total) / 1e6;
  return { ms: isNegative ? -ms : ms };
}

/** As Go's `time` quotes: bytes that are no printable ASCII by their number. */
function quote(text: string): string {
  const bytes = Array.from(Buffer.from(text), (byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte < 0x20 || byte >= 0x80 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte);
  });
  return `"${bytes.join('')}"`;
}
