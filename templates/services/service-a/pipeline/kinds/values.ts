import type { ChatMessage } from '../../../common/engine/engine.ts';
import { StepProblem } from '../step-problem.ts';

/** A document as steps hand it on. */
export interface FoundDocument {
  readonly id: string;
  readonly text: string;
  readonly score: number | null;
  readonly metadata: unknown;
}

/** A value as the text of a prompt: what is no text is JSON. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** @throws StepProblem where it is no list of numbers, or an empty one */
export function asVector(value: unknown, who: string): number[] {
  const isVector = Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each));
  if (!isVector) throw new StepProblem(502, `${who} error: vector is no list of numbers`);
  return value;
}

/** Documents as steps and JSON services have them: objects with a text, or texts alone. @throws StepProblem */
export function asDocuments(value: unknown, who: string): FoundDocument[] {
  if (!Array.isArray(value)) throw new StepProblem(502, `${who} error: documents is no list`);
  return value.map((each, index) => {
    if (typeof each === 'string') return { id: String(index), text: each, score: null, metadata: null };
    if (typeof each?.text !== 'string') throw new StepProblem(502, `${who} error: documents[${index}] has no text`);
    const { id = String(index), text, score = null, metadata = null } = each;
    return { id: String(id), text, score: Number.isFinite(score) ? score : null, metadata };
  });
}

const ROLES = ['system', 'user', 'assistant', 'tool'];

/** A conversation: messages, or a text as what the user says. @throws StepProblem */
export function asMessages(value: unknown, who: string): ChatMessage[] {
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  const isList = Array.isArray(value) && value.length > 0;
  if (!isList) throw new StepProblem(502, `${who} error: messages is no list of messages`);
  const wrong = value.findIndex((each) => !ROLES.includes(each?.role) || !isContent(each.content));
  if (wrong >= 0) throw new StepProblem(502, `${who} error: messages[${wrong}] is no message with a role and a text`);
  return value;
}

function isContent(value: unknown): boolean {
  return typeof value === 'string' || value === null;
}

/** `documents` and their `text`, joined with blank lines. */
export function documentsOutput(documents: readonly FoundDocument[]): Record<string, unknown> {
  return { documents, text: documents.map(({ text }) => text).join('\n\n') };
}
