/** The first `limit` code points; never ends in half a surrogate pair. */
export function firstCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  for (let taken = 0; taken < limit && end < text.length; taken++) end += isPair(text, end) ? 2 : 1;
  return text.slice(0, end);
}

/** The last `limit` code points; never begins with half a surrogate pair. */
export function lastCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let start = text.length;
  for (let taken = 0; taken < limit && start > 0; taken++) start -= start > 1 && isPair(text, start - 2) ? 2 : 1;
  return text.slice(start);
}

/** Whether a surrogate pair begins there. */
export function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(at + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}
