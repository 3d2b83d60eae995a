/** A text on one line and without control characters: what a service sends may hold what a terminal would obey. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** The printable beginning of a text. */
export function excerpt(text: string): string {
  const line = printable(text);
  if (line === '') return 'an empty body';
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
