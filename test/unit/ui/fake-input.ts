import { EventEmitter } from 'node:events';

/** The input of a terminal that remembers its mode. */
export class FakeInput extends EventEmitter {
  readonly isTTY: boolean = true;
  raw = false;
  flowing = false;
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {
    this.flowing = true;
  }
  pause(): void {
    this.flowing = false;
  }
  type(text: string): void {
    this.emit('data', Buffer.from(text));
  }
}
