import { EngineError } from '../engine-error.ts';
import { type Fields, listOf, mapOf, textOf } from '../fields.ts';

/** Ollama's `openai.FromChatRequest`. @throws EngineError 400 in its words */
export function fromChatRequest(request: Fields): Fields {
  const asked = listOf(request.messages).map(mapOf);
  if (asked.length === 0) throw new EngineError(400, "[] is too short - 'messages'");
  const messages = asked.flatMap((message) => fromMessage(message, asked));
  const { stop, logprobs, top_logprobs, tools, model } = request;
  return {
    model,
    messages,
    stream: request.stream === true,
    options: {
      ...(stop === undefined ? {} : stopOf(stop)),
      ...present({
        num_predict: request.max_tokens,
        seed: request.seed,
        frequency_penalty: request.frequency_penalty,
        presence_penalty: request.presence_penalty,
      }),
      // Not the model's own.
      temperature: request.temperature ?? 1,
      top_p: request.top_p ?? 1,
    },
    ...present({ format: formatOf(request.response_format), think: thinkOf(request), logprobs, top_logprobs, tools }),
  };
}

/** Ollama's `openai.FromCompleteRequest`. @throws EngineError 400 in its words */
export function fromCompletionRequest(request: Fields): Fields {
  const { stop, model, prompt, suffix, logprobs } = request;
  const wrong = listOf(stop).find((word) => typeof word !== 'string');
  if (wrong !== undefined) throw new EngineError(400, `invalid type for 'stop' field: ${goTypeOf(wrong)}`);
  return {
    model,
    prompt: prompt ?? '',
    stream: request.stream === true,
    options: {
      ...(stop === undefined ? {} : stopOf(stop)),
      ...present({ num_predict: request.max_tokens, seed: request.seed }),
      frequency_penalty: request.frequency_penalty ?? 0,
      presence_penalty: request.presence_penalty ?? 0,
      temperature: request.temperature ?? 1,
      top_p: request.top_p || 1,
    },
    ...present({ suffix, top_logprobs: logprobs }),
  };
}

/** One message, or one for each of its parts. */
function fromMessage(message: Fields, all: readonly Fields[]): Fields[] {
  const { role, content } = message;
  const calls = callsOf(message);
  const more = present({
    thinking: message.reasoning,
    tool_call_id: message.tool_call_id,
    tool_name: textOf(role).toLowerCase() === 'tool' ? toolName(message, all) : undefined,
  });
  if (typeof content === 'string') return [{ role, content, ...more, ...calls() }];
  if (Array.isArray(content)) {
    const parts = content.map((part) => fromPart(role, part));
    const last = parts.pop();
    if (!last) return [];
    const withCalls = listOf(message.tool_calls).length > 0 ? { ...last, ...more, ...calls() } : last;
    return [...parts, withCalls];
  }
  if (message.tool_calls === undefined || message.tool_calls === null) {
    throw new EngineError(400, `invalid message content type: ${goTypeOf(content)}`);
  }
  return [{ role, ...more, ...calls() }];
}

function fromPart(role: unknown, part: unknown): Fields {
  const { type, text, image_url } = Array.isArray(part) ? ({} as Fields) : mapOf(part);
  if (type === 'text' && typeof text === 'string') return { role, content: text };
  if (type !== 'image_url') throw new EngineError(400, 'invalid message format');
  const url = typeof image_url === 'string' ? image_url : mapOf(image_url).url;
  if (typeof url !== 'string') throw new EngineError(400, 'invalid message format');
  return { role, images: [imageOf(url)] };
}

function imageOf(url: string): string {
  if (/^https?:\/\//.test(url)) {
    throw new EngineError(400, 'image URLs are not currently supported, please use base64 encoded data instead');
  }
  const data = /^data:(?:image\/(?:jpeg|jpg|png|webp))?;base64,(.*)$/s.exec(url)?.[1];
  const isBase64 = data !== undefined && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data);
  if (!isBase64) throw new EngineError(400, 'invalid image input');
  return data;
}

/** Read where Ollama reads them: what is wrong with a message's content is told first. */
function callsOf({ tool_calls }: Fields): () => Fields {
  return () => {
    const calls = listOf(tool_calls).map(mapOf);
    if (calls.length === 0) return {};
    return {
      tool_calls: calls.map((call) => {
        const { name, arguments: text } = mapOf(call.function);
        return { id: call.id, function: { name, arguments: argumentsOf(textOf(text)) } };
      }),
    };
  };
}

function argumentsOf(text: string): unknown {
  const wrong = new EngineError(400, 'invalid tool call arguments');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong;
  return value;
}

/** The last call of that id wins. */
function toolName({ name, tool_call_id }: Fields, all: readonly Fields[]): unknown {
  if (textOf(name) !== '' || textOf(tool_call_id) === '') return name;
  const calls = all.flatMap(({ tool_calls }) => listOf(tool_calls).map(mapOf));
  return mapOf(calls.findLast(({ id }) => id === tool_call_id)?.function).name;
}

function stopOf(stop: unknown): Fields {
  if (typeof stop === 'string') return { stop: [stop] };
  return Array.isArray(stop) ? { stop: stop.filter((word) => typeof word === 'string') } : {};
}

function formatOf(format: unknown): unknown {
  const { type, json_schema } = mapOf(format);
  switch (textOf(type).trim().toLowerCase()) {
    case 'json_object':
      return 'json';
    case 'json_schema':
      return mapOf(json_schema).schema;
    default:
      return undefined;
  }
}

function thinkOf({ reasoning, reasoning_effort }: Fields): unknown {
  const effort = textOf(reasoning === undefined ? reasoning_effort : mapOf(reasoning).effort);
  if (effort === '') return undefined;
  if (effort === 'none') return false;
  if (effort === 'high' || effort === 'medium' || effort === 'low') return effort;
  const allowed = '"high", "medium", "low", or "none"';
  throw new EngineError(400, `invalid reasoning value: '${effort}' (must be ${allowed})`);
}

/** What Go calls the type of a value that it has read from JSON. */
function goTypeOf(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
