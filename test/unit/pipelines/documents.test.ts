import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunksOf, chunkText, parseDocuments } from '../../../src/services/pipelines/documents.ts';
import { loadPipeline } from '../../../src/services/pipelines/pipeline-file.ts';

describe('a file of documents', () => {
  it('has one per line, with or without id and metadata', () => {
    const text = '\uFEFF{"text":"one"}\r\n\n{"id":"k","text":"two","metadata":{"page":2}}\n{"id":70,"text":"three"}\n';
    expect(parseDocuments(text, 'docs.jsonl')).toEqual([
      { id: '1', text: 'one', metadata: null },
      { id: 'k', text: 'two', metadata: { page: 2 } },
      { id: '70', text: 'three', metadata: null },
    ]);
  });

  it.each([
    ['', 'docs.jsonl:1:1: has no documents'],
    ['{"text":"a"}\nnothing', 'docs.jsonl:2:1: is not JSON'],
    ['[]', 'docs.jsonl:1:1: is no object with a text'],
    ['{"text":" "}', 'docs.jsonl:1:1: text must be a text that is not empty'],
    ['{"text":7}', 'docs.jsonl:1:1: text must be a text that is not empty'],
    [
      '{"id":7.5,"text":"a"}',
      'docs.jsonl:1:1: id must be a text of at most 200 characters, or a whole number below 2^53',
    ],
    ['{"id":9007199254740993,"text":"a"}', 'docs.jsonl:1:1: id must be'],
    ['{"id":true,"text":"a"}', 'docs.jsonl:1:1: id must be'],
    ['{"id":7,"text":"a"}\n{"id":"7","text":"b"}', 'docs.jsonl:2:1: id "7" is that of line 1, too'],
    ['{"text":"a","metadata":[]}', 'docs.jsonl:1:1: metadata must be an object'],
    ['{"text":"a","titel":"b"}', 'docs.jsonl:1:1: unknown key "titel"'],
    ['{"id":"k","text":"a"}\n{"id":"k","text":"b"}', 'docs.jsonl:2:1: id "k" is that of line 1, too'],
  ])('%j is refused by its line', (text, fault) => {
    expect(() => parseDocuments(text, 'docs.jsonl')).toThrow(fault);
  });
});

describe('a document', () => {
  it('is cut into parts that share 100 code points', () => {
    const text = Array.from({ length: 2000 }, (_, at) => String.fromCodePoint(0x1f300 + (at % 700))).join('');
    const parts = chunkText(text, 800);
    expect(parts.map((part) => [...part].length)).toEqual([800, 800, 600]);
    expect([...(parts[1] as string)].slice(0, 100)).toEqual([...(parts[0] as string)].slice(700));
    expect(chunkText('short', 800)).toEqual(['short']);
    expect(chunkText('x'.repeat(801), 800).map((part) => part.length)).toEqual([800, 101]);
    expect(chunkText('abcdefghij', 4)).toEqual(['abcd', 'cdef', 'efgh', 'ghij']);
  });

  it('has parts with names of their own, as many as an index holds', () => {
    const document = { id: 'k', text: 'x'.repeat(900), metadata: { page: 1 } };
    expect(chunksOf([document], 800, 'docs.jsonl').map(({ id, metadata }) => ({ id, metadata }))).toEqual([
      { id: 'k', metadata: { page: 1 } },
      { id: 'k#2', metadata: { page: 1 } },
    ]);
    const long = { id: 'k', text: 'x'.repeat(300_000), metadata: null };
    expect(() => chunksOf([long], 20, 'docs.jsonl')).toThrow('docs.jsonl:1:1: makes more than 20000 parts');
  });
});

describe('a pipeline and its files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chainctl-pipeline-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function load(documents: string, content: string | Buffer | undefined) {
    const path = join(folder, 'chain.yaml');
    const steps = `  e: { kind: embed }\n  i: { kind: index, documents: ${documents}, embed: e }\n`;
    writeFileSync(path, `version: 1\nsteps:\n${steps}`);
    if (content !== undefined) writeFileSync(join(folder, 'docs.jsonl'), content);
    return loadPipeline(path, () => undefined);
  }

  it('are read together', () => {
    const { pipeline, chunks, files } = load('docs.jsonl', '{"text":"a"}\n');
    expect(pipeline.leaf).toBe('i');
    expect(chunks).toEqual({ i: [{ id: '1', text: 'a', metadata: null }] });
    expect(files.map(({ name }) => name)).toEqual(['chain.yaml', 'docs.jsonl']);
  });

  it.each([
    ['none.jsonl', '{"text":"a"}', 'chain.yaml:4:32: "none.jsonl" does not exist'],
    [
      '../docs.jsonl',
      '{"text":"a"}',
      'chain.yaml:4:32: "../docs.jsonl" is no plain name of a file beside the pipeline',
    ],
    ['docs.jsonl', '{"text":"a"}\n{', 'docs.jsonl:2:1: is not JSON'],
    ['docs.jsonl', Buffer.from([0x22, 0xff]), 'docs.jsonl:1:1: is not UTF-8'],
    ['docs.jsonl', undefined, 'chain.yaml:4:32: "docs.jsonl" does not exist'],
  ])('%s with %j is refused', (name, content, fault) => {
    expect(() => load(name, content)).toThrow(fault);
  });

  it('are named where there is no file', () => {
    expect(() => loadPipeline(join(folder, 'none.yaml'), () => undefined)).toThrow('none.yaml:1:1: does not exist');
    expect(() => loadPipeline(folder, () => undefined)).toThrow(':1:1: is no file');
  });
});
