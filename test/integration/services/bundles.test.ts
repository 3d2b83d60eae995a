import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const services = fileURLToPath(new URL('../../../templates/services/', import.meta.url));

test('each program is one file; gzipped and in base64, B fits into a machine’s metadata (200 KB)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-bundles-'));
  const names = ['engine-sim', 'model-downloader', 'proxy', 'service-a', 'service-b'];
  for (const name of names) {
    const bundle = await rolldown({ input: `${services}${name}/main.ts`, platform: 'node', logLevel: 'warn' });
    await bundle.write({ file: join(folder, `${name}.mjs`), format: 'esm', minify: true, codeSplitting: false });
    await bundle.close();
    const packed = gzipSync(readFileSync(join(folder, `${name}.mjs`))).toString('base64');
    // A goes to its machine by file: it only has to stay small.
    expect(packed.length, name).toBeLessThan(name === 'service-a' ? 400_000 : 200_000);
  }
  expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.mjs`));
  // Nothing is imported from node_modules at run time: the file runs in an empty folder.
  const child = spawn(process.execPath, ['service-b.mjs'], {
    cwd: folder,
    env: { PORT: '0', BIND_ADDRESS: '127.0.0.1', LOG_PATH: 'none' },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await expect.poll(() => stderr).toContain('listening on');
  child.kill('SIGTERM');
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
});

test.each(['service-a', 'service-b'])(
  'the Dockerfile of %s copies one file, drops root and installs nothing',
  (name) => {
    const dockerfile = readFileSync(`${services}Dockerfile`, 'utf8').replaceAll('service-{{name}}', name);
    expect(dockerfile).toContain('FROM node:26-bookworm-slim');
    expect(dockerfile.match(/^COPY /gm)).toHaveLength(1);
    expect(dockerfile).toContain('USER node');
    expect(dockerfile).toContain(`CMD ["node", "/app/${name}.mjs"]`);
    expect(dockerfile).not.toMatch(/npm|apt-get|curl|wget/);
  },
);
