import { execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from './until.ts';

const run = promisify(execFile);

/** Debian puts PostgreSQL's programs where no PATH looks. */
function folderOfPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : [];
  return [...(process.env.PATH ?? '').split(delimiter), ...versions.map((each) => join(debian, each, 'bin'))].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
}

const programs = folderOfPrograms();
/** False: tests with a real PostgreSQL are skipped. */
export const hasPostgres = programs !== undefined;

/** PostgreSQL refuses to run as root: then `nobody` runs it. */
const NOBODY = 65_534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface Postgres {
  /** With a password in it. */
  readonly url: string;
  readonly password: string;
  start(): Promise<void>;
  /** At once, as a machine that loses its power. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: it is there, and silent. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  remove(): Promise<void>;
}

/** A PostgreSQL of this test's own, on loopback, that asks for a password. */
export async function createPostgres(): Promise<Postgres> {
  const folder = mkdtempSync('/tmp/chainctl-postgres-');
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const data = join(folder, 'data');
  const password = 'pass-w0rd:%of postgres';
  const options = { ...identity, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  await run('/bin/sh', ['-c', 'umask 077; printf %s "$1" > "$2"', 'sh', password, join(folder, 'password')], options);
  await run(
    join(programs as string, 'initdb'),
    ['-D', data, '-U', 'keeper', '-A', 'scram-sha-256', `--pwfile=${join(folder, 'password')}`, '-E', 'UTF8', '-N'],
    options,
  );
  const port = await freePort();
  let child: ReturnType<typeof spawn> | undefined;
  const signalAll = (signal: NodeJS.Signals) => child?.pid !== undefined && process.kill(child.pid, signal);
  const kill = async () => {
    const ending = child;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    // Stopped processes take no signal but these two.
    signalAll('SIGCONT');
    signalAll('SIGQUIT');
    await ended;
  };
  const postgres: Postgres = {
    url: `postgres://keeper:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    password,
    async start() {
      child = spawn(
        join(programs as string, 'postgres'),
        ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
        { ...options, stdio: 'ignore' },
      );
      await until('PostgreSQL accepts connections', async () => {
        const client = new pg.Client({ connectionString: postgres.url });
        // A server that still starts ends connections.
        client.on('error', () => {});
        await client.connect();
        await client.end();
        return true;
      });
    },
    kill,
    signal: (signal) => void signalAll(signal),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await postgres.start();
  return postgres;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
