import { parseKeepAlive } from '../common/keep-alive.ts';
import { ANY, BOOL, DURATION_NAME, type GoType, INT, listOf, MAP, requestType, STRING } from './go-types.ts';

const DURATION: GoType = {
  kind: 'own',
  name: DURATION_NAME,
  problem: (value) => {
    const duration = parseKeepAlive(value);
    return 'problem' in duration ? duration.problem : undefined;
  },
};

const THINK_VALUES = '"high", "medium", "low", true, or false';
const THINK: GoType = {
  kind: 'own',
  name: 'api.ThinkValue',
  problem: (value) => {
    if (typeof value === 'boolean') return undefined;
    if (typeof value !== 'string') return `think must be a boolean or string (${THINK_VALUES})`;
    const known = value === 'high' || value === 'medium' || value === 'low';
    return known ? undefined : `invalid think value: ${JSON.stringify(value)} (must be ${THINK_VALUES})`;
  },
};

const IMAGE: GoType = {
  kind: 'bytes',
  name: 'api.ImageData',
  problem: (value) => {
    const wrong = wrongBase64(value);
    return wrong === undefined ? undefined : `illegal base64 data at input byte ${wrong}`;
  },
};
const IMAGES = listOf(IMAGE);

/** A map that keeps its order, and reads itself. */
const ORDERED_MAP: GoType = {
  kind: 'own',
  name: 'orderedmap.Map',
  problem: (value) =>
    typeof value === 'object' && !Array.isArray(value)
      ? undefined
      : "Value looks like object, but can't find closing '}' symbol",
};

const TOOL_CALL: GoType = {
  kind: 'struct',
  name: 'api.ToolCall',
  fields: {
    id: STRING,
    function: {
      kind: 'struct',
      name: 'api.ToolCallFunction',
      fields: { index: INT, name: STRING, arguments: ORDERED_MAP },
    },
  },
};

const MESSAGE: GoType = {
  kind: 'struct',
  name: 'api.Alias',
  fields: {
    role: STRING,
    content: STRING,
    thinking: STRING,
    images: IMAGES,
    tool_calls: listOf(TOOL_CALL),
    tool_name: STRING,
    tool_call_id: STRING,
  },
};

export const TOOL: GoType = {
  kind: 'struct',
  name: 'api.Tool',
  named: 'Tool',
  fields: {
    type: STRING,
    function: {
      kind: 'struct',
      name: 'api.ToolFunction',
      named: 'ToolFunction',
      fields: {
        name: STRING,
        description: STRING,
        parameters: {
          kind: 'struct',
          name: 'api.ToolFunctionParameters',
          named: 'ToolFunctionParameters',
          fields: { type: STRING, required: listOf(STRING), properties: ORDERED_MAP },
        },
      },
    },
  },
};

/** What generating and chatting have in common. */
const COMMON = {
  model: STRING,
  stream: BOOL,
  format: ANY,
  keep_alive: DURATION,
  options: MAP,
  think: THINK,
  truncate: BOOL,
  shift: BOOL,
  logprobs: BOOL,
  top_logprobs: INT,
};

export const GENERATE_REQUEST = requestType('GenerateRequest', {
  ...COMMON,
  prompt: STRING,
  suffix: STRING,
  system: STRING,
  template: STRING,
  context: listOf(INT),
  raw: BOOL,
  images: IMAGES,
});

export const CHAT_REQUEST = requestType('ChatRequest', {
  ...COMMON,
  messages: listOf(MESSAGE, '[]api.Message'),
  tools: listOf(TOOL, 'api.Tools'),
});

export const EMBED_REQUEST = requestType('EmbedRequest', {
  model: STRING,
  input: ANY,
  keep_alive: DURATION,
  truncate: BOOL,
  dimensions: INT,
  options: MAP,
});

export const EMBEDDING_REQUEST = requestType('EmbeddingRequest', {
  model: STRING,
  prompt: STRING,
  keep_alive: DURATION,
  options: MAP,
});

export const SHOW_REQUEST = requestType('ShowRequest', {
  model: STRING,
  name: STRING,
  system: STRING,
  template: STRING,
  verbose: BOOL,
  options: MAP,
});

export const PULL_REQUEST = requestType('PullRequest', {
  model: STRING,
  name: STRING,
  insecure: BOOL,
  username: STRING,
  password: STRING,
  stream: BOOL,
});

export const DELETE_REQUEST = requestType('DeleteRequest', { model: STRING, name: STRING });

export const COPY_REQUEST = requestType('CopyRequest', { source: STRING, destination: STRING });

/** Where Go's decoder stops; undefined where it does not. */
function wrongBase64(text: string): number | undefined {
  const digits = text.search(/[^A-Za-z0-9+/]|$/);
  const odd = digits % 4;
  if (digits === text.length) return odd === 0 ? undefined : digits - odd;
  if (text[digits] !== '=' || odd < 2) return digits;
  const end = digits + 4 - odd;
  if (odd === 2 && text[digits + 1] !== '=') return Math.min(digits + 1, text.length);
  return end < text.length ? end : undefined;
}
