/** One event may be so long, in characters; a stream with a longer one is not what it says it is. */
const MAX_EVENT = 2 << 20;

/**
 * Reads server-sent events from bytes, however they are split: in the middle of a character, of a line end, of an event.
 * After the standard (HTML, 9.2.6); names and ids of events are not used here. Knows neither browser nor server.
 */
export class EventStream {
  readonly #decoder = new TextDecoder();
  /** What has come of a line that has not ended, in pieces. */
  #line: string[] = [];
  #lineLength = 0;
  #data: string[] = [];
  #dataLength = 0;
  #afterReturn = false;

  /** @returns the data of each event that these bytes end. @throws RangeError when one is longer than 2 Mi characters */
  push(bytes: Uint8Array): string[] {
    const events: string[] = [];
    const text = this.#decoder.decode(bytes, { stream: true });
    let begin = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== 10 && code !== 13) {
        this.#afterReturn = false;
        continue;
      }
      // A line feed after a return ends the same line.
      if (code === 10 && this.#afterReturn) {
        this.#afterReturn = false;
        begin = at + 1;
        continue;
      }
      this.#afterReturn = code === 13;
      this.#endLine(this.#line.join('') + text.slice(begin, at), events);
      this.#line = [];
      this.#lineLength = 0;
      begin = at + 1;
    }
    if (begin < text.length) {
      this.#line.push(text.slice(begin));
      this.#lineLength += text.length - begin;
    }
    if (this.#lineLength + this.#dataLength > MAX_EVENT) throw new RangeError('an event is longer than 2 MiB');
    return events;
  }

  #endLine(line: string, events: string[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#dataLength = 0;
      return;
    }
    if (!line.startsWith('data')) return;
    const rest = line.slice(4);
    if (rest !== '' && !rest.startsWith(':')) return;
    const value = rest.startsWith(': ') ? rest.slice(2) : rest.slice(1);
    this.#data.push(value);
    this.#dataLength += value.length + 1;
  }
}
