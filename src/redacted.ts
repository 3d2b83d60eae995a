/** What stands in the place of a value that nobody else may read. */
const HIDDEN = '***';

/** A header as it is typed, without its value: `x-key: ***`. */
function hidden(header: string): string {
  const colon = header.indexOf(':');
  return colon < 0 ? HIDDEN : `${header.slice(0, colon)}: ${HIDDEN}`;
}

/** User name and password of an address, up to its host. */
const USER_INFO = /([a-z][a-z\d+.-]*:\/\/)[^\s/]+@/gi;

/** A text whose addresses have neither a user name nor a password: `http://***@host`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(USER_INFO, `$1${HIDDEN}@`);
}

const FLAG = '--header';
/** Its query may be a signature, which lets whoever has it download. */
const SIGNED = '--model-url';
/** A header in quotes, whatever it stands behind: the flag may be mistyped. */
const HEADER = /^[\w-]+:\s/;
const URL_ALONE = /^https?:\/\/\S+$/;

/**
 * The words of a command as they may be written down: the values of `--header` may be keys, and go into no record, lock,
 * error or event, nor do user names and passwords of addresses. Words that follow one up to the next flag may be parts of it, or further ones; a URL is none.
 */
export function redacted(words: readonly string[]): string[] {
  let follows = false;
  return words.map((word, index) => {
    if (words[index - 1] === FLAG) return hidden(word);
    const isSigned = words[index - 1] === SIGNED || word.startsWith(`${SIGNED}=`);
    const shown = withoutCredentials(isSigned ? word.replace(/\?.*$/s, `?${HIDDEN}`) : word);
    if (word.startsWith('-')) {
      if (word !== '--') follows = word === FLAG || word.startsWith(`${FLAG}=`);
      return word.startsWith(`${FLAG}=`) ? `${FLAG}=${hidden(word.slice(FLAG.length + 1))}` : shown;
    }
    return HEADER.test(word) || (follows && !URL_ALONE.test(word)) ? hidden(word) : shown;
  });
}

/** A text that may repeat words of a command, with those words as they may be written down. */
export function withoutValues(text: string, words: readonly string[]): string {
  const shown = redacted(words);
  return words.reduce((left, word, index) => {
    const instead = shown[index];
    if (instead === undefined || instead === word || word === '') return left;
    const literal = word.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
    return left.replaceAll(new RegExp(`(?<![\\w-])${literal}(?![\\w-])`, 'g'), () => instead);
  }, text);
}
