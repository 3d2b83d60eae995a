import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseFiles } from '../../src/services/machine/release.ts';
import { serviceSpec } from '../../src/services/machine/service-spec.ts';
import { filledIn, loadHostTemplates } from '../../src/services/machine/templates.ts';
import { freePort } from '../../src/services/targets/local/ports.ts';
import { b } from '../../src/services/workloads/b.ts';
import { post } from '../integration/services/lab.ts';
import { GGUF, LLAMA_MODEL, NO_LLAMA_SERVER } from '../support/llama-server.ts';
import { until } from '../support/until.ts';

const path = (from: string) => fileURLToPath(new URL(`../../${from}`, import.meta.url));
/** A download breaks off here, bytes. */
const BREAK = 100_000_000;

let folder: string;
let files: Server;
let asked: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-boot-'));
  await mkdir(join(folder, 'models'));
  asked = [];
  const { size } = await stat(GGUF);
  // A server of files that keeps to the rules, and whose first two connections break off.
  files = createServer(({ headers: { range = '' } }, response) => {
    asked.push(range);
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    const rest = { etag: '"1"', 'content-length': size - from };
    response.writeHead(from > 0 ? 206 : 200, {
      ...rest,
      ...(from > 0 && { 'content-range': `bytes ${from}-${size - 1}/${size}` }),
    });
    const breaks = asked.length < 3;
    const bytes = createReadStream(GGUF, { start: from, ...(breaks && { end: from + BREAK - 1 }) });
    response.once('close', () => bytes.destroy());
    bytes.once('end', () => (breaks ? response.destroy() : response.end())).pipe(response, { end: false });
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.pid')) process.kill(Number(await readFile(join(folder, name), 'utf8')), 'SIGKILL');
  }
  files.closeAllConnections();
  files.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

describe.skipIf(NO_LLAMA_SERVER)(
  `a VM of a group with llama.cpp${NO_LLAMA_SERVER ? ` (${NO_LLAMA_SERVER})` : ''}`,
  () => {
    it('boots: the model comes in pieces, the server takes the command line, and the service is ready', async () => {
      const url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/${LLAMA_MODEL}`;
      const hash = createHash('sha256');
      for await (const bytes of createReadStream(GGUF)) hash.update(bytes);
      const templates = await loadHostTemplates(path('templates'), path('dist/templates'), [b]);
      const own = templates.services.b as NonNullable<typeof templates.services.b>;
      const download = { url, sha256: hash.digest('hex') };
      const settings = { model: LLAMA_MODEL, minProcessSeconds: 0, download };
      const spec = serviceSpec({ definition: b, settings, llama: { threads: 1 } }, own);
      const current = join(folder, 'current');
      for (const { path: name, content, mode } of releaseFiles({
        stack: 's',
        spec,
        templates: own,
        token: undefined,
      })) {
        const to = join(current, name);
        await mkdir(name.endsWith('/') ? to : dirname(to), { recursive: true });
        if (!name.endsWith('/')) await writeFile(to, content, { mode });
      }
      // A boot that was cut off in the middle of the download.
      const env = {
        PATH: process.env.PATH,
        MODEL_FILE: LLAMA_MODEL,
        MODEL_URL: url,
        MODEL_FOLDER: join(folder, 'models'),
      };
      const first = spawn(process.execPath, [join(current, 'build', 'model-downloader.mjs')], {
        env: { ...env, MODEL_SHA256: download.sha256 },
        stdio: 'ignore',
      });
      await until(
        'a part is there',
        async () => (await stat(join(folder, 'models', `${LLAMA_MODEL}.part`))).size > 1e7,
      );
      first.kill('SIGKILL');
      await once(first, 'exit');

      const port = await freePort(new Set());
      const { code, said } = await boot(templates.boot, port, await freePort(new Set([port])));
      expect(said.join('\n'), said.join('\n')).toContain('chainctl-boot: ready: after');
      expect(code).toBe(0);
      expect(said).toContain(`chainctl-boot: stage: downloading the model ${LLAMA_MODEL}`);
      // What was there was not asked for again.
      expect(asked[0]).toBe('');
      expect(asked.slice(1).every((range) => Number(/\d+/.exec(range)?.[0]) > 1e7)).toBe(true);
      expect((await readdir(join(folder, 'models'))).sort()).toEqual(
        [LLAMA_MODEL, `${LLAMA_MODEL}.lock`, `${LLAMA_MODEL}.sha256`].sort(),
      );
      const answer = await post(`http://127.0.0.1:${port}/v1/chat/completions`, {
        messages: [{ role: 'user', content: 'The river' }],
        max_tokens: 4,
      });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      expect(answer.body.model).toBe(LLAMA_MODEL);
    });
  },
);

/** Runs serve.sh of B from where it has the release, in a folder of its own, with programs in the place of containers. */
async function boot({ serve, serveLlamacpp }: { serve: string; serveLlamacpp: string }, port: number, engine: number) {
  const [head = '', rest = ''] = filledIn(serve, b).split("stage 'reading the metadata'");
  const tail = rest.slice(rest.indexOf('{{engine}}') + '{{engine}}'.length);
  const script = `${head}\nmodel=${LLAMA_MODEL} baked=\n${serveLlamacpp}${tail}`
    .replace('/opt/chainctl/service-b', folder)
    .replace('/run/chainctl-serve.lock', join(folder, 'lock'))
    .replace(/^port=.*$/m, `port=${port}`);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const docker = `#!/bin/sh\nexec ${process.execPath} ${path('test/support/docker-here.ts')} "$@"\n`;
  await writeFile(join(bin, 'docker'), docker, { mode: 0o755 });
  const child = spawn('sh', ['-c', script], {
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HERE_FOLDER: folder,
      HERE_MODELS: join(folder, 'models'),
      HERE_LLAMA: process.env.CHAINCTL_LLAMA_SERVER,
      HERE_LLAMA_PORT: `${engine}`,
      HERE_SERVICE_PORT: `${port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  }
  const [code] = await once(child, 'close');
  return { code, said: text.trimEnd().split('\n') };
}
