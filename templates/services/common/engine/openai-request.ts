import { defined } from '../../../../src/services/defined.ts';
import type { ChatOrder, ResponseFormat, Sampling } from './engine.ts';

/** A chat's request but for its model and how it is answered. */
export function chatFields(order: ChatOrder): Record<string, unknown> {
  const { messages, maxTokens, sampling, format, tools, toolChoice, reasoningEffort, logprobs } = order;
  return {
    messages,
    max_tokens: maxTokens,
    ...samplingFields(sampling),
    ...defined({
      response_format: format && responseFormat(format),
      tools,
      tool_choice: toolChoice,
      reasoning_effort: reasoningEffort,
    }),
    ...logprobs,
  };
}

/** llama-server has one name for it, vLLM the other. */
export function samplingFields({ repeat_penalty, ...sampling }: Sampling): Record<string, unknown> {
  return defined({ ...sampling, repeat_penalty, repetition_penalty: repeat_penalty });
}

function responseFormat(format: ResponseFormat): unknown {
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, schema, strict } = format;
  return { type: 'json_schema', json_schema: { name, schema, ...defined({ strict }) } };
}
