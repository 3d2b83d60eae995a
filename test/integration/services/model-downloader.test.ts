import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelDisk } from '../../../templates/services/model-downloader/disk.ts';
import { ensureModel } from '../../../templates/services/model-downloader/download.ts';
import { Progress } from '../../../templates/services/model-downloader/progress.ts';
import { find, type Send, sendByNode } from '../../../templates/services/model-downloader/request.ts';
import type { Settings } from '../../../templates/services/model-downloader/settings.ts';
import { until } from '../../support/until.ts';

const MAIN = fileURLToPath(new URL('../../../templates/services/model-downloader/main.ts', import.meta.url));
const FILE = 'tiny.gguf';
const MODEL = randomBytes(3_000_000);
const SHA = sha(MODEL);

type Turn = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let turns: Turn[];
let asked: IncomingMessage[];
let base: string;
let close: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-model-'));
  turns = [];
  asked = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.on('error', () => {});
    // The last turn answers whatever comes after it.
    const turn = turns.length > 1 ? turns.shift() : turns[0];
    (turn ?? honest())(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(async () => {
  close();
  await rm(folder, { recursive: true, force: true });
});

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A server that keeps to the rules: ranges, `if-range`, 416. */
function honest(content = MODEL, etag = '"v1"', more: Record<string, string> = {}): Turn {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
    const head = { etag, ...more };
    if (Number.isNaN(from) || request.headers['if-range'] !== etag) {
      response.writeHead(200, { ...head, 'content-length': content.length });
      response.end(content);
    } else if (from >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` });
      response.end();
    } else {
      const rest = content.subarray(from);
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { ...head, 'content-range': range, 'content-length': rest.length });
      response.end(rest);
    }
  };
}

/** Sends so many bytes of what it announces, and breaks the connection. */
function breaking(bytes: number, etag = '"v1"', content = MODEL): Turn {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from > 0 ? 206 : 200, {
      ...(etag === '' ? {} : { etag }),
      ...(from > 0 ? { 'content-range': range } : {}),
      'content-length': content.length - from,
    });
    response.write(content.subarray(from, from + bytes), () => setImmediate(() => response.destroy()));
  };
}

const status =
  (code: number, headers: Record<string, string> = {}): Turn =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

const redirect = (location: string, headers: Record<string, string> = {}) => status(302, { location, ...headers });

/** One run in this process: pauses take no time, and `stall` is the half minute of a connection. */
function run(settings: Partial<Settings> = {}, freeBytes?: number) {
  const lines: string[] = [];
  const pauses: number[] = [];
  let look: () => void = () => {};
  const disk = new ModelDisk(folder, settings.file ?? FILE);
  if (freeBytes !== undefined) disk.free = async () => freeBytes;
  const done = ensureModel(
    { file: FILE, url: new URL(`${base}/m.gguf`), sha256: SHA, allowUnverified: false, folder, ...settings },
    {
      send: sendByNode,
      disk,
      now: () => performance.now(),
      async sleep(ms) {
        pauses.push(ms / 1000);
      },
      every(_ms, again) {
        look = again;
        return () => {};
      },
      say: (line) => void lines.push(line),
    },
  ).catch((error: { message: string; exitCode?: number }) => `failed ${error.exitCode}: ${error.message}`);
  return { done, lines, pauses, stall: () => look() };
}

const files = async () => (await readdir(folder)).filter((name) => !name.endsWith('.lock')).sort();
const model = () => readFile(join(folder, FILE));

async function expectWhole() {
  expect(sha(await model())).toBe(SHA);
  expect(await files()).toEqual([FILE, `${FILE}.sha256`]);
}

describe('a download', () => {
  it('ends with the file, its record, and nothing else', async () => {
    expect(await run().done).toContain('is complete');
    await expectWhole();
    expect((await stat(join(folder, FILE))).mode & 0o777).toBe(0o644);
    const { size, mtimeMs } = await stat(join(folder, FILE));
    const [record] = (await readFile(join(folder, `${FILE}.sha256`), 'utf8')).split('\n');
    expect(record).toBe(`${SHA} ${size} ${Math.floor(mtimeMs)}`);
  });

  it('says every five seconds how far it is, to no more than that', async () => {
    const lines: string[] = [];
    let now = 0;
    const progress = new Progress(
      0,
      (line) => void lines.push(line),
      () => now,
    );
    for (const [ms, bytes] of [
      [4999, 1e6],
      [5000, 49e6],
      [9000, 60e6],
      [10_000, 98e6],
    ] as const) {
      now = ms;
      progress.at(bytes, 808e6);
    }
    now = 20_000;
    progress.at(108e6, undefined);
    expect(lines).toEqual(['49 of 808 MB (6 %), 9.8 MB/s', '98 of 808 MB (12 %), 9.8 MB/s', '108 MB, 1.0 MB/s']);
  });

  it('asks nobody for what is there and right', async () => {
    await run().done;
    expect(await run().done).toContain('there already');
    await rm(join(folder, `${FILE}.sha256`));
    expect(await run().done).toContain('is there and right');
    expect(asked.length).toBe(1);
    expect(await files()).toEqual([FILE, `${FILE}.sha256`]);
  });

  it('deletes what is there and wrong, also of the same length, and goes on', async () => {
    await writeFile(join(folder, FILE), randomBytes(MODEL.length));
    const { done, lines } = run();
    expect(await done).toContain('is complete');
    expect(lines.join('\n')).toContain(`and ${SHA} is wanted: deleting it`);
    await expectWhole();
    expect(await run({ sha256: sha(Buffer.from('another')) }).done).toMatch(/^failed 1: .*is not what it should be/);
    expect(await files()).toEqual([]);
  });

  it('is another one for another address, unless the checksum says that it is the same', async () => {
    turns = [honest(MODEL, `"${SHA}"`)];
    await run({ sha256: undefined }).done;
    expect(await run({ sha256: undefined, url: new URL(`${base}/m.gguf?signature=2`) }).done).toContain(
      'there already',
    );
    expect(asked.length).toBe(1);
    expect(await run({ sha256: undefined, url: new URL(`${base}/mirror.gguf`) }).done).toContain('is there and right');
    const other = randomBytes(1000);
    turns = [honest(other, `"${sha(other)}"`)];
    expect(await run({ sha256: undefined, url: new URL(`${base}/other.gguf`) }).done).toContain('is complete');
    expect(sha(await model())).toBe(sha(other));
  });

  it('goes on after a break where it was', async () => {
    turns = [breaking(1_000_000), breaking(500_000), honest()];
    const { done, pauses } = run();
    expect(await done).toContain('is complete');
    await expectWhole();
    expect(asked.map(({ headers }) => headers['if-range'])).toEqual([undefined, '"v1"', '"v1"']);
    expect(asked[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(pauses).toEqual([1, 1]);
  });

  it('goes on in another process, and takes a part that is whole', async () => {
    turns = [breaking(1_000_000), status(404)];
    expect(await run().done).toMatch(/^failed 1: .*answers 404/);
    expect(await files()).toEqual([`${FILE}.part`, `${FILE}.part.etag`]);
    expect((await readFile(join(folder, `${FILE}.part.etag`), 'utf8')).split('\n')[0]).toBe('"v1"');
    await writeFile(join(folder, `${FILE}.part`), MODEL);
    turns = [honest()];
    expect(await run().done).toContain('is complete');
    expect(asked.at(-1)?.headers.range).toBe(`bytes=${MODEL.length}-`);
    await expectWhole();
  });

  it.each([
    ['a 416 with another size', status(416, { 'content-range': 'bytes */7' })],
    ['a 416 that says nothing', status(416)],
    ['a range that begins elsewhere', status(206, { 'content-range': `bytes 5-9/${MODEL.length}`, etag: '"v1"' })],
    ['a range of another length', status(206, { 'content-range': 'bytes 1000000-9999999/10000000', etag: '"v1"' })],
    ['a range of another version', status(206, { 'content-range': `bytes 1000000-2999999/3000000`, etag: '"v2"' })],
  ])('starts over after %s', async (_what, turn) => {
    await writeFile(join(folder, `${FILE}.part`), MODEL.subarray(0, 1_000_000));
    await writeFile(join(folder, `${FILE}.part.etag`), `"v1"\n${MODEL.length}\n`);
    turns = [turn, honest()];
    expect(await run().done).toContain('is complete');
    expect(asked[1]?.headers.range).toBeUndefined();
    await expectWhole();
  });

  it('never mixes two versions of a file that changes', async () => {
    const [old, oldSha] = [randomBytes(2_000_000), 'f'.repeat(64)];
    turns = [breaking(1_000_000, `"${oldSha}"`, old), honest(MODEL, `"${SHA}"`)];
    expect(await run({ sha256: undefined }).done).toContain('is complete');
    await expectWhole();
  });

  it.each(['', 'W/"v1"'])('does not go on where the server has no strong etag (%j)', async (etag) => {
    turns = [breaking(1_000_000, etag), honest()];
    expect(await run().done).toContain('is complete');
    expect(asked[1]?.headers.range).toBeUndefined();
    await expectWhole();
  });

  it('throws away a part that is no beginning of anything', async () => {
    await writeFile(join(folder, `${FILE}.part`), 'left without a validator');
    expect(await run().done).toContain('is complete');
    await writeFile(join(folder, `${FILE}.part`), Buffer.alloc(MODEL.length + 1));
    await writeFile(join(folder, `${FILE}.part.etag`), `"v1"\n${MODEL.length}\n`);
    await rm(join(folder, FILE));
    expect(await run().done).toContain('is complete');
    await rm(join(folder, FILE));
    await writeFile(join(folder, `${FILE}.part`), MODEL.subarray(0, 1000));
    await writeFile(join(folder, `${FILE}.part.etag`), `"v\u0000\u0007"\n${MODEL.length}\n`);
    expect(await run().done).toContain('is complete');
    expect(asked.map(({ headers }) => headers.range)).toEqual([undefined, undefined, undefined]);
    await expectWhole();
  });

  it('gives up after five attempts in a row that bring nothing, with pauses between', async () => {
    turns = [breaking(1_000_000), status(503), status(429), status(500), (_, response) => response.destroy()];
    const { done, pauses } = run();
    expect(await done).toMatch(/^failed 1: tiny.gguf could not be downloaded: .*5 attempts in a row brought nothing/);
    expect(pauses).toEqual([1, 2, 4, 8, 16]);
    expect(asked.length).toBe(6);
    turns = [status(503, { 'retry-after': '7' }), honest()];
    const patient = run();
    expect(await patient.done).toContain('is complete');
    expect(patient.pauses).toEqual([7]);
  });

  it('is told apart from another by its checksum', async () => {
    turns = [honest(randomBytes(1000))];
    const wrong = await run().done;
    expect(wrong).toMatch(
      /^failed 1: tiny.gguf is not what it should be: its SHA-256 is [0-9a-f]{64}, and MODEL_SHA256/,
    );
    expect(wrong).toContain(SHA);
    expect(await files()).toEqual([]);
  });

  it('takes the checksum that an answer on the way tells, and refuses a file without one', async () => {
    turns = [redirect('/file', { 'x-linked-etag': `"${SHA}"` }), honest(MODEL, '"other"')];
    expect(await run({ sha256: undefined }).done).toContain('is complete');
    await rm(join(folder, FILE));
    turns = [redirect('/file', { 'x-linked-etag': `"${'0'.repeat(64)}"` }), honest(MODEL, `"${SHA}"`)];
    expect(await run({ sha256: undefined }).done).toMatch(/^failed 1: .*127.0.0.1:\d+ tells 0{64}/);
    turns = [honest(MODEL, `W/"${SHA}"`)];
    expect(await run({ sha256: undefined }).done).toMatch(/^failed 2: .*set MODEL_SHA256/);
    expect(await run({ sha256: undefined, allowUnverified: true }).done).toContain('unverified');
    expect(sha(await model())).toBe(SHA);
  });
});

describe('a server that lies', () => {
  it('ends early of its own accord', async () => {
    const half: Turn = (_request, response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': MODEL.length });
      response.socket?.end(MODEL.subarray(0, 1_500_000));
    };
    turns = [half, honest()];
    expect(await run().done).toContain('is complete');
    await expectWhole();
  });

  it('sends more than the file has', async () => {
    await writeFile(join(folder, `${FILE}.part`), MODEL.subarray(0, 1_000_000));
    await writeFile(join(folder, `${FILE}.part.etag`), `"v1"\n${MODEL.length}\n`);
    const more: Turn = (_request, response) => {
      response.writeHead(206, { etag: '"v1"', 'content-range': `bytes 1000000-2999999/${MODEL.length}` });
      response.end(Buffer.alloc(5_000_000));
    };
    turns = [more, honest()];
    const { done, lines } = run();
    expect(await done).toContain('is complete');
    expect(lines.join('\n')).toContain('sends more than the 3000000 bytes');
    await expectWhole();
  });

  it('sends nothing', async () => {
    turns = [honest(Buffer.alloc(0))];
    expect(await run({ sha256: undefined, allowUnverified: true }).done).toMatch(/^failed 1: .*sends an empty file/);
    expect(await files()).not.toContain(FILE);
  });

  it('packs what it sends', async () => {
    turns = [honest(MODEL, '"v1"', { 'content-encoding': 'gzip' })];
    expect(await run().done).toMatch(/^failed 1: .*packed \(gzip\)/);
    expect(asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('drips: it is given up, and what it brought counts for nothing', async () => {
    turns = [(_request, response) => void response.writeHead(200, { etag: '"v1"', 'content-length': 9 }).write('a')];
    const { done, stall, lines } = run();
    for (let attempt = 1; attempt <= 5; attempt++) {
      await until('it is asked', () => asked.length >= attempt);
      await until('the byte has come, or nothing more will', async () => (await files()).length > 0);
      stall();
    }
    expect(await done).toMatch(/^failed 1: .*only \d+ bytes in 30 s/);
    expect(lines.filter((line) => line.includes('in 30 s')).length).toBe(4);
  });

  it('redirects for ever, to nowhere, or to another protocol', async () => {
    turns = [redirect('/again')];
    expect(await run().done).toMatch(/^failed 1: .*redirects more than 5 times/);
    expect(asked.length).toBe(6);
    turns = [redirect('file:///etc/passwd')];
    expect(await run().done).toMatch(/^failed 1: .*redirects to file:/);
    turns = [status(302)];
    expect(await run().done).toMatch(/^failed 1: .*redirects to nowhere/);
    const send: Send = async () => ({
      status: 302,
      headers: { location: 'http://x/m?token=sentinel' },
      body: Readable.from([]),
      close() {},
    });
    const to = find(new URL('https://x/m'), {}, send, new AbortController().signal);
    await expect(to).rejects.toThrow(/from https to http, .*: http:\/\/x\/m$/);
  });
});

describe('a disk', () => {
  it('that has no room is not filled up, and the next run goes on', async () => {
    turns = [honest()];
    const { length } = MODEL;
    expect(await run({}, length).done).toBe(`failed 1: needs 68 MB more in ${folder}`);
    expect(await run({}, length + 64 * 1024 * 1024).done).toContain('is complete');
  });

  it('that refuses is named', async () => {
    await mkdir(join(folder, FILE));
    expect(await run().done).toMatch(/^failed 1: .*is not a file/);
  });

  it('that fills up while it is written to is named, and what it took is kept', async () => {
    const open = ModelDisk.prototype.openPart;
    const full = vi.spyOn(ModelDisk.prototype, 'openPart').mockImplementation(async function (this: ModelDisk) {
      const part = await open.call(this);
      let writes = 0;
      const write = part.write.bind(part) as typeof part.write;
      part.write = ((...args: Parameters<typeof part.write>) =>
        ++writes > 3 ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) : write(...args)) as never;
      return part;
    });
    expect(await run().done).toBe(`failed 1: needs more space in ${folder}: the disk is full`);
    full.mockRestore();
    expect(await run().done).toContain('is complete');
    expect(asked[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    await expectWhole();
  });
});

describe('credentials in an address', () => {
  it('are for the server that was named, and in no line', async () => {
    turns = [redirect('/moved'), status(403)];
    const url = new URL(`${base.replace('//', '//me:sentinel@')}/m.gguf?token=sentinel`);
    const { done, lines } = run({ url });
    expect(await done).toMatch(/^failed 1: .*answers 403/);
    expect([...lines, await done].join('\n')).not.toMatch(/sentinel|me:/);
    const sent = `Basic ${Buffer.from('me:sentinel').toString('base64')}`;
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([sent, sent]);
    asked = [];
    turns = [redirect(`${base.replace('127.0.0.1', 'localhost')}/m.gguf`), status(403)];
    await run({ url }).done;
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([sent, undefined]);
  });
});

describe('the program', () => {
  const start = (more: Record<string, string> = {}) => {
    const env = {
      PATH: process.env.PATH,
      MODEL_URL: `${base}/m.gguf`,
      MODEL_FILE: FILE,
      MODEL_FOLDER: folder,
      ...more,
    };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    return { child, ended: exitOf(child), text: () => text };
  };
  const exitOf = (child: ChildProcess) =>
    new Promise<number | string | null>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));

  it.each([
    [{ MODEL_FILE: '../m.gguf' }, 'MODEL_FILE: "../m.gguf" is not the name of a file'],
    [{ MODEL_FILE: 'a/b.gguf' }, 'MODEL_FILE'],
    [{ MODEL_FILE: '..' }, 'MODEL_FILE'],
    [{ MODEL_FILE: '.hidden' }, 'MODEL_FILE'],
    [{ MODEL_FILE: 'm.gguf.part' }, 'MODEL_FILE: "m.gguf.part" ends like a file that is kept beside a model'],
    [{ MODEL_FILE: 'm\n.gguf' }, 'MODEL_FILE'],
    [{ MODEL_URL: '' }, 'MODEL_URL is not set'],
    [{ MODEL_URL: 'ftp://me:sentinel@x/' }, 'MODEL_URL is not an http:// or https:// URL'],
    [{ MODEL_SHA256: 'abc' }, 'MODEL_SHA256 is not a SHA-256'],
    [{ MODEL_ALLOW_UNVERIFIED: 'maybe' }, 'MODEL_ALLOW_UNVERIFIED: "maybe"'],
  ])('ends with 2 for %o', async (settings, message) => {
    const { ended, text } = start(settings);
    expect(await ended).toBe(2);
    expect(text()).toContain(`model-downloader: ${message}`);
    expect(text().trim().split('\n').length).toBe(1);
    expect(text()).not.toContain('sentinel');
  });

  it('says with 1 what is wrong with the folder', async () => {
    const missing = start({ MODEL_FOLDER: join(folder, 'none') });
    expect(await missing.ended).toBe(1);
    expect(missing.text()).toMatch(/^model-downloader: cannot lock tiny.gguf in /);
  });

  it('killed again and again ends with the whole file', async () => {
    // Slow enough to be killed in the middle, at other places each time.
    const slow: Turn = (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const total = MODEL.length;
      response.writeHead(from > 0 ? 206 : 200, {
        etag: '"v1"',
        'content-length': total - from,
        ...(from > 0 ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
      });
      let at = from;
      const timer = setInterval(() => {
        response.write(MODEL.subarray(at, at + 50_000));
        at += 50_000;
        if (at >= total) response.end();
        if (at >= total || response.destroyed) clearInterval(timer);
      }, 2);
    };
    turns = [slow];
    let kills = 0;
    for (let before = 0; kills < 8; kills++) {
      const { child, ended } = start({ MODEL_SHA256: SHA });
      const target = before + 100_000;
      const size = async () => (await stat(join(folder, `${FILE}.part`)).catch(() => ({ size: 0 }))).size;
      const grew = until('the part grows, or it is complete', async () => {
        return (await size()) > target || child.exitCode !== null;
      });
      await grew;
      child.kill('SIGKILL');
      await ended;
      before = await size();
      if ((await files()).includes(FILE)) break;
    }
    expect(kills).toBeGreaterThan(1);
    const { ended, text } = start({ MODEL_SHA256: SHA });
    expect(await ended, text()).toBe(0);
    await expectWhole();
    expect(asked.some(({ headers }) => headers.range !== undefined)).toBe(true);
  });

  it('twice at once downloads once', async () => {
    let release = () => {};
    turns = [
      (request, response) => {
        release = () => honest()(request, response);
      },
    ];
    const first = start({ MODEL_SHA256: SHA });
    await until('the first one asks', () => asked.length === 1);
    const second = start({ MODEL_SHA256: SHA });
    await until('the second one waits', () => second.text().includes('under way: waiting for it'));
    release();
    expect([await first.ended, await second.ended]).toEqual([0, 0]);
    expect(second.text()).toContain('there already');
    expect(asked.length).toBe(1);
    await expectWhole();
  });

  it('has a lock that ends with the process that has it', async () => {
    turns = [() => {}, honest()];
    const first = start({ MODEL_SHA256: SHA });
    await until('it asks', () => asked.length === 1);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await start({ MODEL_SHA256: SHA }).ended).toBe(0);
    await expectWhole();
  });
});
