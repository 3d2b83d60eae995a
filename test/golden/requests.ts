/** One request of the table that the recorder and the test send, in this order, to a server that has one model. */
export interface GoldenRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** An object is sent as JSON, a string as it is. `{model}` stands for the model's name. */
  readonly body?: object | string;
  /** Request headers beside what `fetch` sends. */
  readonly headers?: Readonly<Record<string, string>>;
}

const MODEL = '{model}';
/** Makes an answer the same every time, and long enough for its figures. */
const FIXED = { seed: 7, temperature: 0, num_predict: 3 };
const PROMPT = 'The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the';
const LONG_PROMPT = 'one two three four five six seven eight nine ten '.repeat(40);

const get = (path: string, method = 'GET'): GoldenRequest => ({ name: `${method} ${path}`, method, path });
const post = (name: string, path: string, body: object | string): GoldenRequest => ({
  name: `${path}: ${name}`,
  method: 'POST',
  path,
  body,
});
const generate = (name: string, body: object | string) => post(name, '/api/generate', body);
const chat = (name: string, body: object | string) => post(name, '/api/chat', body);
/** A generation that works, with other fields beside. */
const ask = (name: string, more: object) =>
  generate(name, { model: MODEL, prompt: PROMPT, stream: false, options: FIXED, ...more });
const options = (name: string, more: object) =>
  generate(name, { model: MODEL, prompt: PROMPT, stream: false, options: { ...FIXED, ...more } });

/** Every request whose answer the simulated engine gives as Ollama does. */
export const REQUESTS: readonly GoldenRequest[] = [
  get('/'),
  get('/', 'HEAD'),
  get('/', 'POST'),
  get('/api/version'),
  get('/api/version', 'HEAD'),
  get('/api/tags'),
  get('/api/tags', 'HEAD'),
  get('/api/tags/'),
  get('/api/tags?verbose=1'),
  get('/api/tags', 'POST'),
  get('/api/ps', 'HEAD'),
  get('/api/nothing'),
  get('/api/generate'),
  get('/api/generate', 'OPTIONS'),
  generate('unload first', { model: MODEL, keep_alive: 0 }),
  generate('load', { model: MODEL }),
  get('/api/ps'),
  generate('load with an empty prompt, streamed', { model: MODEL, prompt: '', stream: true }),
  chat('load', { model: MODEL }),
  chat('load with no messages', { model: MODEL, messages: [] }),

  ask('whole', {}),
  ask('streamed', { stream: true }),
  ask('stream null', { stream: null }),
  options('one token', { num_predict: 1 }),
  options('options of every kind', { num_ctx: 2048.5, top_k: 10, top_p: 0.5, stop: ['zzz'], use_mmap: true, nothing: 1 }),
  options('num_ctx as before', {}),
  options('options that are null', { num_ctx: null, seed: null, stop: null }),
  ask('raw', { raw: true }),
  ask('raw with system', { raw: true, system: 'Be brief.' }),
  ask('raw with template', { raw: true, template: '{{ .Prompt }}' }),
  ask('raw with context', { raw: true, context: [1, 2] }),
  ask('system', { system: 'Be brief.' }),
  ask('template', { template: '{{ .System }} {{ .Prompt }}' }),
  ask('template that is broken', { template: '{{ .Prompt' }),
  ask('suffix', { suffix: 'the end' }),
  ask('context', { context: [2, 818, 5442] }),
  ask('images', { images: ['aGVsbG8='] }),
  ask('images that are not base64', { images: ['?'] }),
  ask('format json', { format: 'json', options: { ...FIXED, num_predict: 1 } }),
  ask('format of a schema', { format: { type: 'object' }, options: { ...FIXED, num_predict: 1 } }),
  ask('format unknown', { format: 'yaml' }),
  ask('format of a wrong type', { format: 5 }),
  ask('format empty', { format: '' }),
  ask('think false', { think: false }),
  ask('think true', { think: true }),
  ask('think high', { think: 'high' }),
  ask('think unknown', { think: 'deeply' }),
  ask('think of a wrong type', { think: 5 }),
  ask('top_logprobs too high', { top_logprobs: 21 }),
  ask('truncate false, prompt short', { truncate: false }),
  ask('truncate false, prompt too long', { truncate: false, prompt: LONG_PROMPT, options: { ...FIXED, num_ctx: 64 } }),
  ask('truncate false, prompt too long, streamed', {
    truncate: false,
    stream: true,
    prompt: LONG_PROMPT,
    options: { ...FIXED, num_ctx: 64 },
  }),
  ask('prompt too long', { prompt: LONG_PROMPT, options: { ...FIXED, num_ctx: 64 } }),
  ask('unknown fields', { nothing: 1 }),
  ask('keys in another case', { Model: MODEL, PROMPT }),

  ...[0, 30, '30s', '1h2m3.5s', '500ms', '1us', '1µs', '-1', '-1m', '30', 'soon', '', 's', '1x', '1.s', '.5s', '.s'].map(
    (value) => ask(`keep_alive ${JSON.stringify(value)}`, { keep_alive: value }),
  ),
  ...[true, [], {}, null, -1, 0.5].map((value) => ask(`keep_alive ${JSON.stringify(value)}`, { keep_alive: value })),

  ...['model', 'prompt', 'system', 'template', 'suffix', 'stream', 'raw', 'options', 'context', 'truncate', 'images'].map(
    (field) => ask(`${field} is a number`, { [field]: 5 }),
  ),
  ask('prompt is a list', { prompt: ['x'] }),
  ask('prompt is an object', { prompt: { x: 1 } }),
  ask('prompt is a boolean', { prompt: true }),
  ask('prompt is null', { prompt: null }),
  ask('stream is a text', { stream: 'no' }),
  ask('options is a list', { options: [] }),
  ask('context holds a text', { context: ['a'] }),
  ask('context holds a fraction', { context: [1.5] }),
  ask('top_logprobs is a fraction', { top_logprobs: 1.5 }),
  ask('two wrong types', { prompt: 5, system: 6 }),
  ask('a wrong type and a bad duration', { keep_alive: 'soon', prompt: 5 }),
  options('num_predict is a text', { num_predict: 'many' }),
  options('num_ctx is a boolean', { num_ctx: true }),
  options('temperature is a text', { temperature: 'hot' }),
  options('stop is a text', { stop: 'x' }),
  options('stop holds a number', { stop: [5] }),
  options('use_mmap is a number', { use_mmap: 1 }),
  options('seed is a list', { seed: [] }),

  generate('no body', ''),
  generate('empty object', {}),
  generate('null', 'null'),
  generate('a list', '[]'),
  generate('a text', '"x"'),
  generate('a number', '5'),
  generate('true', 'true'),
  generate('more after the object', '{"model":"no-such"} and more'),
  ...[
    '{',
    '{"model":',
    '{"model"',
    '{"model":"x"',
    '{"model":"x',
    '{"model":"x",',
    '{"model":"x",}',
    '{model:"x"}',
    "{'model':'x'}",
    '{"model" "x"}',
    '{"model":"x" "y"}',
    '{"model":x}',
    '{"model":nul}',
    '{"model":tru}',
    '{"model":falsy}',
    '{"options":[1 2]}',
    '{"options":[1,]}',
    '{"model":01}',
    '{"model":1.}',
    '{"model":1e}',
    '{"model":-}',
    '{"model":"\\x"}',
    '{"model":"\\u12"}',
    '{"model":"a\nb"}',
    '}',
    'hello',
    '   ',
  ].map((text) => generate(`bad JSON ${text}`, text)),

  generate('unknown model', { model: 'no-such', prompt: 'x' }),
  generate('unknown model, streamed', { model: 'no-such:tag', prompt: 'x', stream: true }),
  generate('name instead of model', { name: MODEL, prompt: 'x' }),
  ...['a b', 'a//b', '/a', 'a/', ':x', 'a:', 'a:b:c', '-a', '.a', 'a/b/c/d', 'http://h/a/b', 'a@b', 'ä', 'x'.repeat(81)].map(
    (model) => generate(`model "${model.slice(0, 20)}"`, { model, prompt: 'x' }),
  ),
  ask('model with registry and namespace', { model: `registry.ollama.ai/library/${MODEL}` }),
  ask('model in capitals', { model: '{MODEL}' }),

  chat('whole', { model: MODEL, messages: [{ role: 'user', content: PROMPT }], stream: false, options: FIXED }),
  chat('streamed', { model: MODEL, messages: [{ role: 'user', content: PROMPT }], options: FIXED }),
  chat('system and roles in capitals', {
    model: MODEL,
    stream: false,
    options: FIXED,
    messages: [
      { role: 'System', content: 'Be brief.' },
      { role: 'USER', content: PROMPT },
    ],
  }),
  chat('tools', {
    model: MODEL,
    stream: false,
    messages: [{ role: 'user', content: 'x' }],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
  }),
  chat('truncate false, too long', {
    model: MODEL,
    stream: false,
    truncate: false,
    messages: [{ role: 'user', content: LONG_PROMPT }],
    options: { ...FIXED, num_ctx: 64 },
  }),
  chat('think true', { model: MODEL, messages: [{ role: 'user', content: 'x' }], think: true }),
  chat('no model', { messages: [] }),
  chat('bad model name', { model: 'a b', messages: [] }),
  chat('unknown model', { model: 'no-such', messages: [{ role: 'user', content: 'x' }] }),
  chat('messages is a text', { model: MODEL, messages: 'x' }),
  chat('a message is a text', { model: MODEL, messages: ['x'] }),
  chat('content is a number', { model: MODEL, messages: [{ role: 'user', content: 5 }] }),
  chat('content is a list', { model: MODEL, messages: [{ role: 'user', content: [] }] }),
  chat('role is a number', { model: MODEL, messages: [{ role: 5, content: 'x' }] }),
  chat('a list', '[]'),
  chat('unload', { model: MODEL, messages: [], keep_alive: 0 }),
  chat('bad keep_alive', { model: MODEL, keep_alive: '30' }),

  post('known', '/api/show', { model: MODEL }),
  post('by name', '/api/show', { name: MODEL }),
  post('verbose', '/api/show', { model: MODEL, verbose: true, system: 'Be brief.' }),
  post('unknown', '/api/show', { model: 'no-such' }),
  post('no model', '/api/show', {}),
  post('bad name', '/api/show', { model: 'a b' }),
  post('wrong type', '/api/show', { model: 5 }),
  post('no body', '/api/show', ''),

  post('no body', '/api/pull', ''),
  post('no model', '/api/pull', {}),
  post('bad name', '/api/pull', { model: 'a b//c' }),
  post('wrong type', '/api/pull', { model: 5 }),
  post('a model that cannot be had', '/api/pull', { model: '127.0.0.1:9/library/no-such' }),
  post('a model that cannot be had, whole', '/api/pull', { model: '127.0.0.1:9/library/no-such', stream: false }),

  post('known', '/api/copy', { source: MODEL, destination: 'chainctl-copy' }),
  post('unknown', '/api/copy', { source: 'no-such', destination: 'chainctl-other' }),
  post('bad source', '/api/copy', { source: 'a b', destination: 'x' }),
  post('bad destination', '/api/copy', { source: MODEL, destination: 'a b' }),
  post('no body', '/api/copy', ''),
  get('/api/tags'),
  generate('a copy is the same runner', { model: 'chainctl-copy' }),
  get('/api/ps'),
  ...[
    ['known', { model: 'chainctl-copy' }],
    ['again', { model: 'chainctl-copy' }],
    ['by name', { name: 'no-such' }],
    ['bad name', { model: 'a b' }],
    ['no model', {}],
    ['wrong type', { model: 5 }],
    ['no body', ''],
  ].map(([name, body]) => ({
    ...post(name as string, '/api/delete', body as object | string),
    method: 'DELETE',
  })),
  post('wrong method', '/api/delete', { model: 'no-such' }),
  generate('unload', { model: MODEL, keep_alive: 0 }),
];
