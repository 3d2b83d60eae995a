import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cli, ROOT } from '../support/cli.ts';

let cli: Cli;
let folder: string;
let installed: string;

beforeAll(async () => {
  cli = await Cli.open();
  folder = await mkdtemp(join(tmpdir(), 'chainctl-package-'));
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], options));
  execFileSync(
    'npm',
    ['install', '--global', '--prefix', join(folder, 'prefix'), join(folder, packed.filename)],
    options,
  );
  installed = join(folder, 'prefix', 'bin', 'chainctl');
});
afterAll(async () => {
  await cli.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the package, installed globally from its tarball', () => {
  it('holds the built services and templates, and no sources or tests', async () => {
    const home = join(folder, 'prefix', 'lib', 'node_modules', 'chainctl');
    expect((await readdir(join(home, 'dist', 'templates'))).sort()).toEqual([
      'engine-sim.mjs',
      'model-downloader.mjs',
      'proxy.mjs',
      'report.css',
      'report.js',
      'service-a.mjs',
      'service-b.mjs',
    ]);
    expect(existsSync(join(home, 'templates', 'services', 'Dockerfile'))).toBe(true);
    expect(existsSync(join(home, 'oclif.manifest.json'))).toBe(true);
    for (const absent of ['src', 'test', 'bench', 'results']) expect(existsSync(join(home, absent))).toBe(false);
  });

  it('does the whole job', async () => {
    const { code, stdout, stderr } = await cli.run(['rehearse', '--rps', '2', '--duration', '1s', '--replicas', '1'], {
      command: [installed],
    });
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    expect(stdout).toContain('25 checks passed');
  });

  it('takes less than 300 MB, has no Node of its own, and carries the licences of what is built in', async () => {
    const modules = join(folder, 'prefix', 'lib', 'node_modules');
    const megabytes = Number(execFileSync('du', ['-sm', modules], { encoding: 'utf8' }).split('\t')[0]);
    expect(megabytes).toBeLessThan(300);
    const home = join(modules, 'chainctl');
    expect((await readdir(join(home, 'node_modules'))).filter((name) => /^node-(bin|linux|darwin)/.test(name))).toEqual(
      [],
    );
    expect(await readFile(join(home, 'LICENSE'), 'utf8')).toMatch(/^MIT License/);
    const notice = await readFile(join(home, 'dist', 'THIRD-PARTY.txt'), 'utf8');
    for (const name of ['@google-cloud/compute', 'google-gax', 'http-proxy-3']) expect(notice).toContain(`\n${name} `);
  });
});
