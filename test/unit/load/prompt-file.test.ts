import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfigFile } from '../../../src/config/config-file.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { checkPromptLength, readPrompt } from '../../../src/services/load/prompt-file.ts';
import { readTemplate } from '../../../src/services/load/protocols/read-template.ts';
import { readMix } from '../../../src/services/load/workload/mix.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-prompt-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return readPrompt(path);
}

test('a text is read as it is, without its byte order mark; none is the built-in one', async () => {
  expect(await read('text.txt', 'Grüße\r\n𝄞 \ufffd\n')).toBe('Grüße\r\n𝄞 \ufffd\n');
  expect(await read('marked.txt', '\ufeffwith a mark')).toBe('with a mark');
  expect(await read('about.txt', 'What is wrong here?\n{"a":\n')).toContain('{"a":');
  expect(await read('list.txt', '[1] the first source says\n[2] the second')).toContain('[2]');
  expect(await readPrompt(undefined)).toBe(DEFAULT_PROMPT);
});

test('the chain asks for a length in code points', () => {
  expect(() => checkPromptLength('𝄞'.repeat(1000), { minPrompt: 1000 })).not.toThrow();
  expect(() => checkPromptLength('𝄞'.repeat(999), { minPrompt: 1000 })).toThrow(
    expect.objectContaining({
      ...{ exit: 2, code: 'prompt-too-short' },
      message: 'the prompt has 999 characters, and the services of the chain take 1000 or more',
    }),
  );
});

const WORDS = 'Describe the situation. '.repeat(60);

const utf16 = (mark: readonly number[]) => Buffer.concat([Buffer.from(mark), Buffer.from(WORDS, 'utf16le')]);

test.each<[string, string | Uint8Array, string, string]>([
  ['words.txt.gz', gzipSync(WORDS), 'is compressed with gzip', 'gzip -dc FILE > words.utf8.txt'],
  ['words.zst', zstdCompressSync(WORDS), 'is compressed with zstd', 'zstd -dc FILE > words.utf8.txt'],
  ['words.xz', Buffer.from('fd377a585a000004', 'hex'), 'is compressed with xz', 'xz -dc FILE > words.utf8.txt'],
  ['words.bz2', Buffer.from('BZh91AY&SYxxxx'), 'is compressed with bzip2', 'bzip2 -dc FILE > words.utf8.txt'],
  ['letter.docx', Buffer.from('PK\x03\x04rest'), 'is a ZIP archive', 'unzip -p FILE > letter.docx.utf8.txt'],
  ['words.pdf', Buffer.from('%PDF-1.7\n'), 'is a PDF', 'pdftotext FILE - > words.utf8.txt'],
  ['le.txt', utf16([0xff, 0xfe]), 'is UTF-16 (little-endian)', 'iconv -f UTF-16 -t UTF-8 FILE > le.utf8.txt'],
  ['be.txt', utf16([0xff, 0xfe]).swap16(), 'is UTF-16 (big-endian)', 'iconv -f UTF-16 -t UTF-8 FILE > be.utf8.txt'],
  ['bare.txt', utf16([]), 'is UTF-16LE without a byte', 'iconv -f UTF-16LE -t UTF-8 FILE > bare.utf8.txt'],
  ['bare-be.txt', utf16([]).swap16(), 'is UTF-16BE without', 'iconv -f UTF-16BE -t UTF-8 FILE > bare-be.utf8.txt'],
  ['some.bin', Buffer.from('abc\0def'), 'is binary: byte 4 is 0x00', 'name a text with --prompt-file'],
  ['run', Buffer.from('\x7fELF\x02\x01'), 'is a program', 'name a text with --prompt-file'],
  [
    'latin.txt',
    Buffer.from('a\ufffd\nGr\u00fc\u00dfe', 'latin1'),
    'is not UTF-8: byte 2, in line 1, is 0xfd',
    'if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 FILE',
  ],
  [
    'cut.txt',
    Buffer.concat([Buffer.from('one \ufffd\ntwo '), Buffer.from([0xe2, 0x82])]),
    'is not UTF-8: byte 13, in line 2, is 0xe2',
    'if it is Latin-1 or Windows-1252: iconv',
  ],
  ['set.jsonl', '{"prompt":"a"}\n{"prompt":"b"}\n', 'is JSONL (JSON in every line)', '--dataset FILE'],
  ['set.json', '[{"prompt":"a"},\n {"prompt":"b"}]', 'is JSON', '--dataset FILE'],
])('%s is recognised and refused with what to do', async (name, content, is, next) => {
  const path = join(folder, name);
  const error = await read(name, content).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ exit: 2, code: 'prompt-not-text' });
  const { message, nextSteps } = error as { message: string; nextSteps: string[] };
  expect(message).toContain(`the prompt file ${path} ${is}`);
  const told = `${nextSteps.join('\n')}\n`
    .replaceAll(`${path} `, 'FILE ')
    .replaceAll(`${path}\n`, 'FILE\n')
    .replaceAll(`${folder}/`, '');
  expect(told).toContain(next);
});

test('the command that is named makes a prompt of it', async () => {
  const path = join(folder, 'wide.txt');
  const error = await read('wide.txt', utf16([0xff, 0xfe])).catch((thrown: unknown) => thrown);
  const [command = '', then = ''] = (error as { nextSteps: string[] }).nextSteps;
  execFileSync('sh', ['-c', command]);
  const made = then.replace('then: --prompt-file ', '');
  expect(made).not.toBe(path);
  expect(await readPrompt(made)).toBe(WORDS);
});

test('what is no file, empty, gone or endless is refused before it is read', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await writeFile(join(folder, 'large.txt'), '');
  await truncate(join(folder, 'large.txt'), 17 * 2 ** 20);
  const at = (name: string) => readPrompt(join(folder, name));
  await expect(readPrompt(folder)).rejects.toMatchObject({
    code: 'prompt-unreadable',
    message: expect.stringMatching(/it is a folder$/),
  });
  await expect(at('pipe')).rejects.toMatchObject({
    code: 'prompt-unreadable',
    message: expect.stringMatching(/it is a pipe/),
  });
  await expect(readPrompt('/dev/zero')).rejects.toMatchObject({
    code: 'prompt-unreadable',
    message: expect.stringMatching(/a device/),
  });
  await expect(at('none.txt')).rejects.toMatchObject({ exit: 2, code: 'prompt-unreadable' });
  await expect(at('large.txt')).rejects.toMatchObject({
    code: 'prompt-too-large',
    message: expect.stringMatching(/larger than 16 MiB$/),
  });
  await expect(read('empty.txt', '\ufeff \n')).rejects.toMatchObject({ exit: 2, code: 'prompt-empty' });
});

test.each([
  ['gzip', gzipSync('a: {weight: 1}'), 'is compressed with gzip, and not text'],
  ['utf16', Buffer.from('\ufeffa: {weight: 1}', 'utf16le'), 'is UTF-16 (little-endian), and not text'],
  ['binary', Buffer.from('a\0b'), 'is binary: byte 2 is 0x00'],
  ['latin', Buffer.from('caf\xe9: 1', 'latin1'), 'is not UTF-8: byte 4'],
])('a body, a mix and a configuration that is none is told for what it is: %s', async (name, content, what) => {
  const path = join(folder, `other.${name}`);
  await writeFile(path, content);
  await expect(readTemplate(path)).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(what) });
  await expect(readMix([path])).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(what) });
  await expect(readConfigFile(path)).rejects.toMatchObject({ exit: 3, message: expect.stringContaining(what) });
});

test('the mark of a byte order is no part of a body, a mix or a configuration', async () => {
  const [body, classes, settings] = ['marked.json', 'marked.yaml', 'settings.yaml'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(body, '\ufeff{"prompt": "{{prompt}}"}');
  await writeFile(classes, '\ufeffchat: {weight: 2}\n');
  await writeFile(settings, '\ufeffload:\n  rps: 3\n');
  expect(await readTemplate(body)).toMatch(/^\{/);
  expect(await readMix([classes])).toMatchObject([{ name: 'chat', weight: 2 }]);
  expect((await readConfigFile(settings)).settings).toMatchObject([{ section: 'load', name: 'rps', value: 3 }]);
});
