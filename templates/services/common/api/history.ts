import type { ChatMessage } from '../engine/engine.ts';

/**
 * What of a conversation an engine gets. System messages stay and do not count; of the others the last `most` do, from the
 * first user message among them on. The last message always stays.
 * @param most 0: all
 */
export function trimHistory(
  messages: readonly ChatMessage[],
  most: number,
): { readonly messages: readonly ChatMessage[]; readonly dropped: number } {
  if (most === 0) return { messages, dropped: 0 };
  const counted = messages.flatMap(({ role }, index) => (role === 'system' ? [] : [index]));
  const recent = counted.slice(-most);
  const begin = recent.find((index) => messages[index]?.role === 'user') ?? messages.length - 1;
  const kept = messages.filter(
    ({ role }, index) => role === 'system' || index >= begin || index === messages.length - 1,
  );
  return { messages: kept, dropped: messages.length - kept.length };
}
