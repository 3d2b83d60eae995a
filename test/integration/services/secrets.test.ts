import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLab, LONG_PROMPT, type Program } from './lab.ts';

/** Services that repeat what they were asked with, as some do with a key that they do not take. */

const lab = createLab();
const SECRETS = { TOK: 'tokSecretValue/77', HOOK: 'hookSecretValue78' };
const SECRET = /SecretValue/;

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainctl-secrets-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function play(answer: (told: string, outgoing: ServerResponse, incoming: IncomingMessage) => void) {
  const server = createServer((incoming, outgoing) => {
    const { url, headers } = incoming;
    incoming.resume().on('end', () => {
      answer(`no ${url} <${headers['x-key']}> ${headers.authorization}`, outgoing, incoming);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function startA(engine: Program, steps: string) {
  const file = join(folder, 'chain.yaml');
  writeFileSync(file, `version: 1\nsteps:\n${steps}`);
  const log = join(folder, 'requests.jsonl');
  return lab.a(engine.url, 'http://127.0.0.1:9', {
    CHAIN_FILE: file,
    LOG_PATH: log,
    INDEX_DIR: join(folder, 'index'),
    ...SECRETS,
  });
}

const CHAT = { model: 'chain', messages: [{ role: 'user', content: 'hello' }] };
const ADDRESS = (url: string) => `url: "${url}/\${HOOK}/x?key=\${TOK}", headers: { x-key: "Key \${TOK}" }`;

async function said(url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers };
  return await (await fetch(url, init)).text().catch(() => '');
}

/** What came of it: a stream that fails is broken off. */
async function streamOf(url: string, body: unknown): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += Buffer.from(bytes).toString('utf8');
  } catch {
    // Ended by its server, after the error's event.
  }
  return text;
}

const requestLog = () => readFileSync(join(folder, 'requests.jsonl'), 'utf8');

async function expectHidden(a: Program, marks: RegExp) {
  const chat = await said(`${a.url}/v1/chat/completions`, CHAT);
  const streamed = await streamOf(`${a.url}/v1/chat/completions`, { ...CHAT, stream: true });
  const chain = await said(`${a.url}/chain`, { prompt: LONG_PROMPT });
  for (const text of [chat, streamed, chain]) expect(text).toMatch(marks);
  await expect.poll(() => requestLog().split('\n').length).toBeGreaterThan(3);
  const health = await said(`${a.url}/health`);
  for (const text of [chat, streamed, chain, health, a.stderr(), requestLog()]) expect(text).not.toMatch(SECRET);
}

test.each(['fail', 'skip'])('a variable of the file that a service repeats, with on_error: %s', async (onError) => {
  const engine = await lab.engine();
  const url = await play((told, outgoing) => outgoing.writeHead(500).end(JSON.stringify({ error: told })));
  const a = await startA(
    engine,
    `  fetch: { kind: raw, ${ADDRESS(url)}, body: { q: 1 }, on_error: ${onError} }
  end: { kind: generate, prompt: "x {{ steps.fetch.text }}", answer: true }`,
  );
  await expectHidden(a, /no \/\*\*\*\/x\?key=\*\*\* <\*\*\*>/);
});

test('a variable that is a whole URL hides what is behind its machine, and a step says which that was', async () => {
  const engine = await lab.engine();
  const url = await play((_told, outgoing) => outgoing.end(JSON.stringify({ text: 'found' })));
  writeFileSync(
    join(folder, 'chain.yaml'),
    `version: 1\nsteps:\n  fetch: { kind: raw, url: "\${BASE}/x", body: { q: 1 } }\n  end: { kind: generate, prompt: "x {{ steps.fetch.text }}", answer: true }\n`,
  );
  const a = await lab.a(engine.url, 'http://127.0.0.1:9', {
    CHAIN_FILE: join(folder, 'chain.yaml'),
    BASE: `${url}/hooks/pathSecretValue`,
  });
  const chat = await said(`${a.url}/v1/chat/completions`, CHAT);
  expect(chat).toContain(`"address":"${url}***/x"`);
  expect(chat).not.toMatch(SECRET);
});

test('the same in an error event of a stream that began well', async () => {
  const engine = await lab.engine();
  const url = await play((told, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write('data: {"choices":[{"index":0,"delta":{"content":"be"}}]}\n\n');
    outgoing.end(`data: ${JSON.stringify({ error: { message: told } }).replaceAll('/', '\\/')}\n\n`);
  });
  const a = await startA(engine, `  end: { kind: chat, ${ADDRESS(url)}, prompt: "x" }`);
  await expectHidden(a, /no \/\*\*\*\/x\?key=\*\*\*/);
});

test('and where documents are embedded at the start', async () => {
  writeFileSync(join(folder, 'docs.jsonl'), '{"text":"a"}\n');
  const engine = await lab.engine();
  const url = await play((told, outgoing) => outgoing.writeHead(401).end(JSON.stringify({ error: told })));
  const a = await startA(
    engine,
    `  embed: { kind: embed, ${ADDRESS(url)}, input: "{{ input.text }}" }
  find: { kind: index, documents: docs.jsonl, embed: embed, vector: "{{ steps.embed.vector }}" }
  end: { kind: generate, prompt: "x {{ steps.find.text }}" }`,
  );
  await expect.poll(() => a.stderr()).toMatch(/index find: .*\*\*\*/);
  await expectHidden(a, /\*\*\*/);
});

test('the token that B repeats, and what stands behind the question mark of its address', async () => {
  const engine = await lab.engine();
  const url = await play((told, outgoing) => outgoing.writeHead(403).end(JSON.stringify({ detail: told })));
  const a = await lab.a(engine.url, '', {
    REMOTE_B_URL: `${url}/invoke?key=querySecretValue,${url}/other?key=querySecretValue`,
    AUTH_TOKEN: 'tokenSecretValue1234',
    LOG_PATH: join(folder, 'requests.jsonl'),
  });
  const chain = await said(`${a.url}/chain`, { prompt: LONG_PROMPT }, { authorization: 'Bearer tokenSecretValue1234' });
  expect(chain).toMatch(/key=\*\*\* .* Bearer \*\*\*/);
  const health = await said(`${a.url}/health`);
  await expect.poll(requestLog).toContain('remote_b');
  for (const text of [chain, health, a.stderr(), requestLog()]) expect(text).not.toMatch(SECRET);
});
