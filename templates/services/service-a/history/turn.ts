/** An id that a client made: a UUID, for one. */
export const ID = /^[A-Za-z0-9_-]{8,64}$/;

/** `pending`: asked, and nothing more is known. `stopped`: the reader left or stopped it. */
export const STATES = ['pending', 'complete', 'stopped', 'failed'] as const;
export type TurnState = (typeof STATES)[number];

/** A question and its answer, as a writer knows it. */
export interface TurnWrite {
  readonly question: string;
  readonly answer: string;
  readonly state: TurnState;
  readonly model: string | null;
  /** Why the answer failed. */
  readonly error: string | null;
  /** The `chainctl` object of the answer (times of the hops), as JSON text. */
  readonly details: string | null;
}

export interface Turn extends TurnWrite {
  readonly id: string;
  /** Turns stand in the order in which their first word came here: 1, 2, ... */
  readonly position: number;
  readonly createdAt: number;
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly turns: number;
}

/** The first line of the first question, at most 80 characters. */
export function titleOf(question: string): string {
  const line = question.trim().split(/[\r\n\u2028\u2029]/, 1)[0] ?? '';
  const characters = [...line.replace(/[\s\p{Cc}]+/gu, ' ').trim()];
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : characters.join('');
}

/** What both databases can hold: neither takes half a surrogate pair, PostgreSQL no NUL. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** Longer ones are not kept. */
export const MAX_DETAILS = 64 << 10;

/** The `chainctl` object of an answer, to be kept: as JSON, with texts as both databases can hold them. */
export function detailsOf(chainctl: object): string {
  return JSON.stringify(chainctl, (_key, value) => (typeof value === 'string' ? storable(value) : value));
}
