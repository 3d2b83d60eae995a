import { ANY, BOOL, FLOAT32, FLOAT64, type GoType, INT, listOf, requestType, STRING } from '../go-types.ts';
import { TOOL } from '../requests.ts';

const struct = (named: string, fields: Readonly<Record<string, GoType>>, name = `openai.${named}`): GoType => ({
  kind: 'struct',
  name,
  named,
  fields,
});

const STREAM_OPTIONS = struct('StreamOptions', { include_usage: BOOL });

const TOOL_CALL = struct('ToolCall', {
  id: STRING,
  index: INT,
  type: STRING,
  function: struct(
    '',
    { name: STRING, arguments: STRING },
    'struct { Name string "json:\\"name\\""; Arguments string "json:\\"arguments\\"" }',
  ),
});

const MESSAGE = struct('Message', {
  role: STRING,
  content: ANY,
  reasoning: STRING,
  tool_calls: listOf(TOOL_CALL),
  name: STRING,
  tool_call_id: STRING,
});

export const CHAT_COMPLETION_REQUEST = requestType(
  'ChatCompletionRequest',
  {
    model: STRING,
    messages: listOf(MESSAGE),
    stream: BOOL,
    stream_options: STREAM_OPTIONS,
    max_tokens: INT,
    seed: INT,
    stop: ANY,
    temperature: FLOAT64,
    frequency_penalty: FLOAT64,
    presence_penalty: FLOAT64,
    top_p: FLOAT64,
    response_format: struct('ResponseFormat', { type: STRING, json_schema: struct('JsonSchema', { schema: ANY }) }),
    tools: listOf(TOOL),
    reasoning: struct('Reasoning', { effort: STRING }),
    reasoning_effort: STRING,
    logprobs: BOOL,
    top_logprobs: INT,
  },
  'openai',
);

export const COMPLETION_REQUEST = requestType(
  'CompletionRequest',
  {
    model: STRING,
    prompt: STRING,
    frequency_penalty: FLOAT32,
    max_tokens: INT,
    presence_penalty: FLOAT32,
    seed: INT,
    stop: ANY,
    stream: BOOL,
    stream_options: STREAM_OPTIONS,
    temperature: FLOAT32,
    top_p: FLOAT32,
    suffix: STRING,
    logprobs: INT,
  },
  'openai',
);

export const EMBEDDINGS_REQUEST = requestType(
  'EmbedRequest',
  { input: ANY, model: STRING, dimensions: INT, encoding_format: STRING },
  'openai',
);

/** Ollama has none; its fields are llama-server's. */
export const RERANK_REQUEST = requestType(
  'RerankRequest',
  { model: STRING, query: STRING, documents: listOf(STRING), top_n: INT },
  'openai',
);
