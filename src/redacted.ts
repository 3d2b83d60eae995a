/** What stands in the place of a value that nobody else may read. */
const HIDDEN = '***';

/** A header as it is typed, without its value: `x-key: ***`. */
function hidden(header: string): string {
  const colon = header.indexOf(':');
  return colon < 0 ? HIDDEN : `${header.slice(0, colon)}: ${HIDDEN}`;
}

/**
 * The words of a command as they may be written down: the values of `--header` may be keys, and go into no record, lock,
 * error or event.
 */
export function redacted(words: readonly string[]): string[] {
  return words.map((word, index) => {
    if (words[index - 1] === '--header') return hidden(word);
    return word.startsWith('--header=') ? `--header=${hidden(word.slice('--header='.length))}` : word;
  });
}
