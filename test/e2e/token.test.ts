import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { Cli, type CliResult } from '../support/cli.ts';

let cli: Cli;
beforeEach(async () => {
  cli = await Cli.open();
});
afterEach(() => cli.close());

const DEPLOY = ['deploy', 'local', '--replicas', '1', '--min-process-seconds', '0', '--port-a', '0', '--port-b', '0'];
const LOAD = ['load', '--rps', '5', '--duration', '1s', '--warmup', '0'];

/** Every file below a folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

it('a chain that asks for a token: every command works with it, and shows it nowhere', async () => {
  const outputs: CliResult[] = [];
  const run = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const result = await cli.run(args, { env });
    outputs.push(result);
    return result;
  };
  const planned = JSON.parse((await run([...DEPLOY, '--auth', 'token', '--dry-run', '--json'])).stdout);
  expect(planned.result.applied).toBe(false);
  const deployed = JSON.parse((await run([...DEPLOY, '--auth', 'token', '--json', '--debug'])).stdout);
  const { a, b } = deployed.result.endpoints;
  const secret = join(cli.home, 'stacks', 'default', 'secrets', 'token');
  const token = await readFile(secret, 'utf8');
  expect(token).toMatch(/^[\w-]{43}$/);
  expect((await stat(secret)).mode & 0o777).toBe(0o600);
  expect(JSON.stringify((await run([...DEPLOY, '--auth', 'token', '--json'])).stdout)).not.toMatch(/create|replace/);

  const smoke = JSON.parse((await run(['smoke', '--json', '--debug', '--junit', 'smoke.xml'])).stdout).result;
  expect(smoke).toMatchObject({ passed: 29, failed: 0, skipped: 0 });
  expect(smoke.checks.map(({ id }: { id: string }) => id)).toEqual(
    expect.arrayContaining(['a-no-token', 'a-wrong-token', 'b-no-token', 'b-wrong-token']),
  );
  /** How many requests of a load were answered well. */
  const answered = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    JSON.parse((await run([...LOAD, ...args, '--json', '--debug'], more)).stdout).result.points[0].outcomes.ok;
  expect(await answered([])).toBe(5);
  expect(await answered(['--target', 'invoke', '--tag', 'b'])).toBe(5);
  expect((await run(['status', '--refresh', '--json', '--debug'])).code).toBe(0);
  const status = await run(['status', '--refresh']);
  expect(status.stdout).toContain("need the stack's token");
  expect(status.stdout).toContain('all 4 in sync');
  await run(['logs', '--json', '--debug']);
  await run(['logs', '--requests']);

  // Named by its address, it is still the stack's own; of another stack, the token has to be given.
  expect((await run(['smoke', '--target', a, '--b-url', b])).code).toBe(0);
  const foreign = ['--stack', 'other', '--debug'];
  const refused = await run([...LOAD, '--target', `${a}/chain`, ...foreign]);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('asks for a token');
  expect(refused.stderr).toContain('--token-file');
  await writeFile(join(cli.home, 'wrong'), 'a-token-that-is-not-the-right-one\n', { mode: 0o600 });
  const wrong = await run([...LOAD, '--target', `${a}/chain`, '--token-file', 'wrong', ...foreign]);
  expect(wrong.stderr).toContain('refuses the token');
  expect(await answered(['--target', `${a}/chain`, '--token-file', secret, '--tag', 'f', '--stack', 'other'])).toBe(5);
  const env = { CHAINCTL_TOKEN: token };
  expect(await answered(['--target', `${a}/chain`, '--tag', 'e', '--stack', 'other'], env)).toBe(5);
  expect((await run(['smoke', '--target', a, '--b-url', b, '--json', ...foreign], env)).code).toBe(0);
  const unknown = await run(['smoke', '--target', a, '--b-url', b, ...foreign]);
  expect(unknown.code).toBe(8);
  expect(unknown.stdout).toContain('--token-file');

  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(token);
  const files = (await filesBelow(cli.home)).filter((file) => file !== secret);
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) expect(await readFile(file, 'utf8'), file).not.toContain(token);
  for (const { command } of await listProcesses()) expect(command).not.toContain(token);

  // Without it the chain is open to everybody again: A and B are other processes, the engine is not.
  const opened = JSON.parse((await run([...DEPLOY, '--auth', 'none', '--json'])).stdout).result;
  expect(Object.fromEntries(opened.changes.map(({ key, action }: Record<string, string>) => [key, action]))).toEqual({
    engine: 'unchanged',
    'b-1': 'replace',
    proxy: 'unchanged',
    a: 'replace',
  });
  expect((await run(['smoke', '--json'])).code).toBe(0);
  expect((await run(['teardown', '--yes'])).code).toBe(0);
  await expect(stat(secret)).rejects.toThrow('ENOENT');
});

it('unlock says that there is no lock, and gives up one of another machine that is silent', async () => {
  expect((await cli.run(['unlock'])).stdout).toContain('is not locked');
  const folder = join(cli.home, 'stacks', 'default');
  const lock = join(folder, 'lock');
  const holder = { host: 'elsewhere', user: 'ann', pid: 1, startedAt: 'x', command: 'chainctl deploy', since: 'then' };
  await mkdir(folder, { recursive: true });
  await writeFile(lock, JSON.stringify(holder));
  const held = await cli.run(['unlock', '--yes']);
  expect(held.code).toBe(6);
  expect(held.stderr).toContain('ann, pid 1 on elsewhere');
  expect((await cli.run(['unlock', '--force'])).code).toBe(2);
  expect((await cli.run(['unlock', '--force', '--yes'])).code).toBe(0);
  await expect(stat(lock)).rejects.toThrow('ENOENT');
});
