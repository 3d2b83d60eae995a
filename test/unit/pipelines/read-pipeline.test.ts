import { describe, expect, it } from 'vitest';
import { readPipeline } from '../../../src/services/pipelines/read-pipeline.ts';

const VARIABLES: Readonly<Record<string, string>> = { ENGINE_URL: 'http://engine:11434', KEY: 'secret', EMPTY: '' };

const read = (text: string) => readWhole(text).pipeline;

function readWhole(text: string) {
  return readPipeline({
    text,
    file: 'chain.yaml',
    variables: (name) => (Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined),
    fileFault: (name) => (name === 'docs.jsonl' ? undefined : 'is not there'),
  });
}

const RETRIEVAL = `version: 1
name: retrieval                       # [a-z][a-z0-9-]{0,31}; default chain; name of the workflow in traces
timeout: 300s                         # of a run; the caller's deadline counts if it is earlier
steps:                                # names: [a-z][a-z0-9_-]{0,31}
  embed:
    kind: embed
    shape: ollama                     # openai (default) | ollama | opea
    model: nomic-embed-text
    input: "{{ input.text }}"
  retrieve:
    kind: index                       # in-process vector index
    documents: docs.jsonl             # {"id"?: s, "text": s, "metadata"?: {…}} per line, beside this file
    chunk: 800                        # characters, overlap 100
    embed: embed                      # which step embeds the documents, at start
    vector: "{{ steps.embed.vector }}"
    top: 8
  rerank:
    kind: rerank
    shape: jina                       # jina (default) | opea
    url: \${ENGINE_URL}/v1/rerank
    query: "{{ input.text }}"
    documents: "{{ steps.retrieve.documents }}"
    top: 3
    on_error: skip                    # fail (default) | skip
  answer:
    kind: chat
    system: "Answer from these notes only.\\n\\n{{ steps.rerank.text | or steps.retrieve.text | first 6000 }}"
    messages: "{{ input.messages }}"
    answer: true                      # the leaf
`;

describe('a pipeline', () => {
  it('is read as the contract writes it', () => {
    const { pipeline, models } = readWhole(RETRIEVAL);
    expect(models).toEqual([{ model: 'nomic-embed-text', step: 'embed', at: 'chain.yaml:8:12' }]);
    expect(pipeline).toMatchObject({ name: 'retrieval', timeoutMs: 300_000, leaf: 'answer' });
    expect(
      pipeline.steps.map(({ name, kind, shape, needs, urls, onError }) => ({
        name,
        kind,
        shape,
        needs,
        urls,
        onError,
      })),
    ).toEqual([
      { name: 'embed', kind: 'embed', shape: 'ollama', needs: [], urls: [], onError: 'fail' },
      { name: 'retrieve', kind: 'index', shape: undefined, needs: ['embed'], urls: [], onError: 'fail' },
      {
        name: 'rerank',
        kind: 'rerank',
        shape: 'jina',
        needs: ['retrieve'],
        urls: ['http://engine:11434/v1/rerank'],
        onError: 'skip',
      },
      { name: 'answer', kind: 'chat', shape: undefined, needs: ['rerank', 'retrieve'], urls: [], onError: 'fail' },
    ]);
  });

  it('has what all steps can have', () => {
    const { steps, leaf, name, timeoutMs } = read(`version: 1
steps:
  other:
    kind: invoke
    urls: ["http://one/invoke", "http://two/invoke"]
    policy: failover
    resolve: each
    headers: { Authorization: "Bearer \${KEY}" }
    timeout: 2m
    retries: 3
    retry_on: [429, 500, timeout]
  last: { kind: join, text: "{{ input.text }}", needs: other }
`);
    expect({ leaf, name, timeoutMs }).toEqual({ leaf: 'last', name: 'chain', timeoutMs: undefined });
    expect(steps[0]).toMatchObject({
      urls: ['http://one/invoke', 'http://two/invoke'],
      policy: 'failover',
      resolve: 'each',
      headers: { authorization: 'Bearer secret' },
      timeoutMs: 120_000,
      retries: 3,
      retryOn: [429, 500, 'timeout'],
    });
    expect(steps[1]?.needs).toEqual(['other']);
  });

  it('asks an index with the vector of the step that embeds its documents', () => {
    const { steps } = read(`version: 1
steps:
  e: { kind: embed }
  i: { kind: index, documents: docs.jsonl, embed: e }
`);
    expect(steps[1]).toMatchObject({
      needs: ['e'],
      inputs: { vector: { expression: { path: ['steps', 'e', 'vector'] } } },
    });
  });

  it('takes one of several last steps for the answer where it is marked', () => {
    const text = (more: string) => `version: 1
steps:
  x: { kind: join, text: a }
  y: { kind: join, text: b${more} }
`;
    expect(read(text(', answer: true')).leaf).toBe('y');
    expect(() => read(text(''))).toThrow(
      'chain.yaml:3:6: two steps could be the answer: x, y; mark one with "answer: true"',
    );
  });
});

/** A step `x` with these lines, and what is said of it. */
const steps: readonly (readonly [lines: string, fault: string])[] = [
  ['kind: joint\ntext: a', '4:11: step "x" has the unknown kind "joint"; did you mean "join"?'],
  [
    'text: a',
    '4:5: step "x" needs a kind: generate, chat, service-b, invoke, embed, index, retrieve, rerank, raw, join',
  ],
  ['kind: join', '4:5: step "x" of kind "join" needs text'],
  ['kind: join\ntext: a\ntxet: b', '6:11: unknown key "txet" of step "x"; did you mean "text"?'],
  ['kind: join\ntext: a\nurl: http://b', '6:10: step "x" of kind "join" takes no url'],
  ['kind: join\ntext: a\ntext: b', '6:5: this key stands twice'],
  ['kind: join\ntext: 7', '5:11: text of step "x" must be a text'],
  ['kind: join\ntext:', '5:10: text of step "x" must be a text'],
  ['kind: join\ntext: a\nneeds: [y]', '6:13: step "x" needs "y", which does not exist'],
  ['kind: join\ntext: "{{ steps.y.text }}"', '5:11: step "x" needs "y", which does not exist'],
  ['kind: join\ntext: "{{ input.txt }}"', '5:11: unknown path "input.txt"; did you mean "input.text"?'],
  ['kind: join\ntext: "{{ output.a }}"', '5:11: unknown path "output.a": write input.text or steps.NAME.text'],
  ['kind: join\ntext: "{{ text }}"', '5:11: text of step "x": "text" is no path'],
  ['kind: join\ntext: "{{ input.text"', '5:11: text of step "x": "{{ input.text" is no template'],
  [
    'kind: join\ntext: "{{ input.text | frist 5 }}"',
    '5:11: text of step "x": unknown filter "frist"; did you mean "first"?',
  ],
  [
    'kind: join\ntext: "{{ input.text | first }}"',
    '5:11: text of step "x": filter "first": write first and a number: first 500',
  ],
  [
    'kind: join\ntext: "{{ input.text | join x }}"',
    '5:11: text of step "x": filter "join x": write join and a text in quotes: join ", "',
  ],
  ['kind: join\ntext: "{{ steps.x.text }}"', '5:11: circle: x -> x'],
  ['kind: join\ntext: a\nanswer: yes', '6:13: answer of step "x" must be true or false'],
  ['kind: join\ntext: a\non_error: ignore', '6:15: on_error of step "x" must be fail or skip'],
  ['kind: join\ntext: a\ntimeout: soon', '6:14: timeout of step "x": "soon" is not a duration'],
  ['kind: join\ntext: a\ntimeout: 0', '6:14: timeout of step "x" must be from 1ms to 24h'],
  ['kind: join\ntext: a\nretries: 1.5', '6:14: retries of step "x" must be a whole number from 0 to 10'],
  ['kind: join\ntext: a\nretry_on: [200]', '6:16: retry_on of step "x" must be statuses from 400 to 599, or timeout'],
  ['kind: join\ntext: &a b\nneeds: [*a]', '6:13: aliases are not read here: write the value itself'],
  ['kind: generate\ntemperature: 3', '5:18: temperature of step "x" must be a number from 0 to 2'],
  ['kind: generate\nmax_tokens: "9"', '5:17: max_tokens of step "x" must be a whole number from 1 to 1000000'],
  ['kind: chat\nprompt: a\nmessages: b', '5:13: step "x" has messages and a prompt: leave one out'],
  ['kind: chat\nstop: [a, b, c, d, e]', '5:24: stop of step "x" has more than 4 texts'],
  [`kind: chat\nmodel: \${NONE}`, '5:12: model of step "x": variable NONE is not set'],
  ['kind: chat\nheaders: {a: b}', '5:14: headers of step "x" is of no use without a url'],
  ['kind: invoke', '4:5: step "x" of kind "invoke" needs a url'],
  ['kind: invoke\nurl: b', '5:10: url of step "x" must begin with http:// or https://'],
  [`kind: invoke\nurl: \${NONE}/a`, '5:10: url of step "x": variable NONE is not set'],
  [`kind: invoke\nurl: \${EMPTY}`, '5:10: url of step "x": variable EMPTY is not set'],
  [`kind: invoke\nurl: \${1}`, `5:10: url of step "x": "\${1}" is no variable: write \${NAME}`],
  ['kind: invoke\nurl: http://a:b@c/', '5:10: url of step "x" has a name and password in it'],
  ['kind: invoke\nurl: http://a\nurls: [http://b]', '6:11: step "x" has url and urls: leave one out'],
  ['kind: invoke\nurls: []', '5:11: urls of step "x" is empty'],
  [
    `kind: invoke\nurls: [${Array.from({ length: 9 }, (_, n) => `http://h${n}`).join(', ')}]`,
    '5:100: step "x" has more than 8 addresses',
  ],
  [
    'kind: invoke\nurl: http://a\npolicy: rond-robin',
    '6:13: policy of step "x" must be round-robin, least-latency or failover; did you mean "round-robin"?',
  ],
  [
    'kind: invoke\nurl: http://a\nheaders: {Host: b}',
    '6:21: headers of step "x": "host" is said by the connection itself',
  ],
  [
    'kind: invoke\nurl: http://a\nheaders: {a: "b\\r\\nc: d"}',
    '6:18: a in headers of step "x" has a character that no header can carry',
  ],
  ['kind: invoke\nurl: http://a\nheaders: {"a b": c}', '6:22: headers of step "x": "a b" is no name of a header'],
  ['kind: rerank\nshape: opea\ndocuments: "{{ input.messages }}"', '5:12: step "x" needs a url: no engine speaks opea'],
  [
    'kind: rerank\nshape: jin\ndocuments: "{{ input.messages }}"',
    '5:12: shape of step "x" must be jina or opea; did you mean "jina"?',
  ],
  ['kind: raw\nurl: http://a', '4:5: step "x" of kind "raw" needs body'],
  ['kind: raw\nurl: http://a\nbody: {a: [1, "{{ steps.q.text }}"]}', '6:11: step "x" needs "q", which does not exist'],
  [
    'kind: raw\nurl: http://a\nbody: 1\ntext: a/b',
    '7:11: text of step "x" must be a JSON pointer, for example /choices/0/text',
  ],
  ['kind: embed', '4:5: step "x" of kind "embed" cannot be the answer: it makes no text'],
  ['- a', '4:5: step "x" must be a map of keys and values'],
];

/** Whole files. */
const files: readonly (readonly [text: string, fault: string])[] = [
  ['', '1:1: is empty: a pipeline has "version: 1" and "steps:"'],
  ['- a', '1:1: a pipeline must be a map of keys and values'],
  ['a: [', '1:5: '],
  ['steps: {}', '1:1: a pipeline needs "version: 1"'],
  ['version: 2\nsteps: {}', '1:10: version must be 1'],
  ['version: 1', '1:1: a pipeline needs steps'],
  ['version: 1\nsteps: {}', '2:8: a pipeline needs at least one step'],
  ['version: 1\nstep: {}', '2:7: unknown key "step"; did you mean "steps"?'],
  ['version: 1\nname: My Chain\nsteps: {}', '2:7: "My Chain" is no name of a pipeline'],
  ['version: 1\ntimeout: -1\nsteps: {}', '2:10: timeout: "-1" is not a duration'],
  ['version: 1\nsteps:\n  Big: {kind: join, text: a}', '3:8: "Big" is no name of a step'],
  ['version: 1\nsteps:\n  a: {kind: join, text: a}\n  a: {kind: join, text: a}', '4:3: this key stands twice'],
  ['version: 1\n---\nversion: 1', '2:1: '],
  [
    'version: 1\nsteps:\n  e: {kind: embed}\n  i: {kind: index, documents: no.jsonl, embed: e}',
    '4:31: "no.jsonl" is not there',
  ],
  [
    'version: 1\nsteps:\n  j: {kind: join, text: a}\n  i: {kind: index, documents: docs.jsonl, embed: j}',
    '4:50: step "j" is of kind "join": documents are embedded by one of kind "embed"',
  ],
  [
    'version: 1\nsteps:\n  e: {kind: embed}\n  j: {kind: join, text: "{{ steps.e.text }}"}',
    '4:25: unknown path "steps.e.text": step "e" of kind "embed" has steps.e.vector, steps.e.vectors',
  ],
  [
    'version: 1\nsteps:\n  a: {kind: join, text: a}\n  j: {kind: join, text: "{{ steps.a.text.b }}"}',
    '4:25: unknown path "steps.a.text.b"',
  ],
  [
    'version: 1\nsteps:\n  rerank: {kind: join, text: a, needs: [retrive]}\n  retrieve: {kind: join, text: a}',
    '3:41: step "rerank" needs "retrive", which does not exist; did you mean "retrieve"?',
  ],
  [
    'version: 1\nsteps:\n  a: {kind: join, text: a, needs: [b]}\n  b: {kind: join, text: a, needs: [c]}\n  c: {kind: join, text: "{{ steps.a.text }}"}',
    '5:25: circle: a -> b -> c -> a',
  ],
  [
    `version: 1\nsteps:\n${Array.from({ length: 33 }, (_, n) => `  s${n}: {kind: join, text: a}\n`).join('')}`,
    '35:8: a pipeline has at most 32 steps',
  ],
  [`version: 1 # ${'x'.repeat(70_000)}`, '1:1: is larger than 64 KiB'],
  [
    'version: 1\nsteps:\n  a: {kind: join, text: a, answer: true}\n  b: {kind: join, text: a, answer: true}',
    '3:6: two steps could be the answer: a, b; mark only one with "answer: true"',
  ],
];

describe('a pipeline is refused with the place of its fault', () => {
  it.each(steps)('%j', (lines, fault) => {
    const text = `version: 1\nsteps:\n  x:\n${lines.replace(/^/gm, '    ')}\n`;
    expect(refusalOf(text)).toContain(`chain.yaml:${fault}`);
  });

  it.each(files)('%#: %j', (text, fault) => {
    expect(refusalOf(text)).toContain(`chain.yaml:${fault}`);
  });

  it.each([
    ['lists', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['maps', `${'{a: '.repeat(6000)}${'}'.repeat(6000)}`],
    ['dashes', `\n${'- '.repeat(20_000)}x`],
  ])('in words where %s are nested without end', (_, deep) => {
    expect(refusalOf(`version: 1\nsteps: ${deep}`)).toMatch(/^chain\.yaml:\d+:\d+: is nested too deep to be read$/);
  });

  it('in one line without control characters, whatever stands in it', () => {
    const refusal = refusalOf('version: 1\n"ste\\u001b[31m\\nps": {}');
    expect(refusal).toMatch(/^chain\.yaml:2:\d+: unknown key "ste\\u001b\[31m\\nps"/);
    expect(refusalOf('a: "\u001b[31m\nb: [')).not.toMatch(/\p{Cc}/u);
  });

  it('without the value of a variable, which may be a secret', () => {
    const text = `version: 1\nsteps:\n  x:\n    kind: invoke\n    url: \${KEY}\n`;
    expect(refusalOf(text)).not.toContain('secret');
  });
});

function refusalOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'it was not refused';
}
