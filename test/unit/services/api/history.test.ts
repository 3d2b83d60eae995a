import { expect, test } from 'vitest';
import { trimHistory } from '../../../../templates/services/common/api/history.ts';
import type { ChatMessage } from '../../../../templates/services/common/engine/engine.ts';

const ROLES: Readonly<Record<string, ChatMessage['role']>> = { s: 'system', u: 'user', a: 'assistant', t: 'tool' };

/** `s u a`: one message each; the content is its place. */
function conversation(roles: string): ChatMessage[] {
  return roles.split(' ').map((role, at) => ({ role: ROLES[role] as ChatMessage['role'], content: String(at) }));
}

test.each([
  ['u', 20, '0', 0],
  ['s u a u', 20, '0 1 2 3', 0],
  ['s u a u', 1, '0 3', 2],
  // An answer, or a tool's, is no beginning.
  ['s u a u a u', 2, '0 5', 4],
  ['u a t a u', 3, '4', 4],
  ['a u', 20, '1', 1],
  // System messages stay where they are, and do not count.
  ['s u s a s u', 1, '0 2 4 5', 2],
  // The last one stays, whatever it is.
  ['u a', 1, '1', 1],
  ['a', 20, '0', 0],
  ['s', 20, '0', 0],
  ['u t', 1, '1', 1],
  ['a u a', 0, '0 1 2', 0],
])('%s with the last %i: %s', (roles, most, kept, dropped) => {
  const trimmed = trimHistory(conversation(roles), most);
  expect([trimmed.messages.map(({ content }) => content).join(' '), trimmed.dropped]).toEqual([kept, dropped]);
});
