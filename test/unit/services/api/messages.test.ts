import { expect, test } from 'vitest';
import { messagesOf, OLLAMA_MESSAGES } from '../../../../templates/services/common/api/messages.ts';
import { findFault } from '../../../../templates/services/common/api/schema.ts';

test('messages of Ollama’s clients get the ids that others want: by the tool’s name, else in their order', () => {
  const raw = [
    { role: 'user', content: 'x' } as const,
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }, { function: { name: 'g' } }],
    } as const,
    { role: 'tool', content: 'of g', tool_name: 'g' } as const,
    { role: 'tool', content: 'of f' } as const,
    { role: 'tool', content: 'of nobody' } as const,
  ];
  expect(findFault(OLLAMA_MESSAGES, raw)).toBeUndefined();
  expect(messagesOf(raw)).toEqual([
    { role: 'user', content: 'x' },
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'call_1_0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'call_1_1', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    },
    { role: 'tool', content: 'of g', tool_call_id: 'call_1_1', name: 'g' },
    { role: 'tool', content: 'of f', tool_call_id: 'call_1_0' },
    { role: 'tool', content: 'of nobody', tool_call_id: 'call_4' },
  ]);
});

test.each([0, 'x', {}, [{}], [null], [{ function: null }]])('what a role does not have is passed over: %j', (wrong) => {
  for (const role of ['user', 'system', 'developer'] as const) {
    const odd = { role, content: 'x', tool_calls: wrong, refusal: wrong, tool_call_id: wrong, tool_name: wrong };
    expect(messagesOf([odd] as never)).toEqual(messagesOf([{ role, content: 'x' }]));
  }
  const tool = { role: 'tool', content: 'x', tool_call_id: 'c' } as const;
  expect(messagesOf([{ ...tool, tool_calls: wrong, tool_name: wrong === 'x' ? null : wrong }] as never)).toEqual(
    messagesOf([tool]),
  );
});

test('pictures are refused, not passed over', () => {
  expect(findFault(OLLAMA_MESSAGES, [{ role: 'user', content: 'x', images: ['…'] }])).toEqual({
    path: '[0].images',
    reason: 'is not supported: messages are text',
    code: 'unsupported_parameter',
  });
  // LiteLLM sends the list with every message.
  expect(findFault(OLLAMA_MESSAGES, [{ role: 'user', content: 'x', images: [] }])).toBeUndefined();
});
