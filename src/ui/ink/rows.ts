import { type Paint, truncate } from '../format/text.ts';

/** What the operator has asked for, where keys can be pressed at all. */
export interface Asked {
  readonly paused: boolean;
  readonly skipping: boolean;
  readonly stopping: boolean;
}

/** Where rows go, and how they look. */
export interface Frame {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Columns and rows that may be filled. */
  readonly width: number;
  readonly room: number;
  readonly spinner: string;
  readonly paint: Paint;
  /** Present while keys steer a sweep. */
  readonly asked?: Asked | undefined;
}

/** What goes on at the left, and how long yet or already at the right. */
export function titleRow({ spinner, width, paint }: Frame, title: string, time: string): string {
  const room = width - 2 - time.length - 1;
  const shown = truncate(title, room);
  return `${spinner} ${paint('bold', shown)}${' '.repeat(room - [...shown].length)} ${time}`.trimEnd();
}

/** Makes rows whose texts stand below one another, `label` columns behind the indent. */
export function labelled({ width, paint }: Pick<Frame, 'width' | 'paint'>, label: number) {
  return (name: string, text: string, colour?: Parameters<Paint>[0]) => {
    const shown = truncate(text, width - label - 2);
    return `  ${paint('dim', name.padEnd(label))}${colour === undefined ? shown : paint(colour, shown)}`;
  };
}
