import { link, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { hasCode, RemedyError, reasonOf, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { copyDurably, writeDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import { shellWord } from '../words.ts';

const resourceRecord = z.object({
  /** `creating`, `updating` and `removing` are intents: written before the call that they announce. */
  status: z.enum(['creating', 'created', 'ready', 'updating', 'removing']),
  token: z.string(),
  since: z.string(),
  /** What it was made from; absent for what was found without a record and is being removed. */
  spec: z.unknown().optional(),
  identity: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

const targetRecord = z.object({
  deployedAt: z.string().optional(),
  /** What the operator asked for, as the target understands it. */
  request: z.unknown().optional(),
  /** Whether the services ask for the stack's token. */
  auth: z.enum(['none', 'token']).optional(),
  /** Base URLs by service of what stands there. */
  endpoints: z.record(z.string(), z.string()).default({}),
  resources: z.record(z.string(), resourceRecord).default({}),
});

const STATE_VERSION = 3;

/** Earlier versions of a stack's state that are kept. */
const KEPT_VERSIONS = 20;

const stateSchema = z.object({
  version: z.literal(STATE_VERSION),
  /** Counts the writes; names the versions in the history. */
  serial: z.number().int().min(0),
  stack: z.string(),
  updatedAt: z.string(),
  targets: z.record(z.string(), targetRecord),
});

export type ResourceRecord = z.infer<typeof resourceRecord>;
export type TargetRecord = z.infer<typeof targetRecord>;
export type StackState = z.infer<typeof stateSchema>;

/** From each version to the one after it. The file itself changes with the next write, and stays in the history. */
const MIGRATIONS: Readonly<Record<number, (old: Readonly<Record<string, unknown>>) => Record<string, unknown>>> = {
  // 2 counts the writes, and knows the intent `updating` and the field `auth`.
  1: (old) => ({ ...old, version: 2, serial: 0 }),
  // 3 has endpoints by the names of services, and only where they stand: the side of A knew the address of B, too.
  2: (old) => ({
    ...old,
    version: 3,
    targets: Object.fromEntries(
      Object.entries(old.targets ?? {}).map(([name, target]) => [name, target && standing(target)]),
    ),
  }),
};

function standing(target: {
  readonly request?: { readonly bUrl?: unknown };
  readonly endpoints?: Readonly<Record<string, string>>;
}) {
  const elsewhere = target.request?.bUrl;
  const own = Object.entries(target.endpoints ?? {}).filter(([, url]) => url !== elsewhere);
  return { ...target, endpoints: Object.fromEntries(own) };
}

export function emptyState(stack: string, serial: number, updatedAt: string): StackState {
  return { version: STATE_VERSION, serial, stack, updatedAt, targets: {} };
}

/**
 * @returns undefined where the stack has none
 * @throws RemedyError (exit 3) for a file that is damaged or newer than this program; the file is left as it is
 */
export async function readState(path: string): Promise<StackState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw hasCode(error, 'EACCES', 'EPERM') ? forbidden(path, error) : unreadable(path, error);
  }
  try {
    return parseState(text, path);
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw unreadable(path, error, await newestReadable(path));
  }
}

/** @throws Error where it says no state; RemedyError (exit 3) for a version that this program does not know */
function parseState(text: string, path: string): StackState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON (${reasonOf(error)})`);
  }
  const { data, error } = stateSchema.safeParse(migrated(value, path));
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new Error(`${issue?.path.join('.') || 'the top level'}: ${issue?.message ?? 'invalid'}`);
}

function migrated(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let state = value as Record<string, unknown>;
  if (typeof state.version === 'number' && state.version > STATE_VERSION) {
    const known = `version ${state.version}; this chainctl knows up to ${STATE_VERSION}`;
    throw remedy.configuration('state-newer', `the state file ${path} has ${known}`, [
      'use the chainctl that wrote it, or a newer one',
    ]);
  }
  for (let step = MIGRATIONS[Number(state.version)]; step !== undefined; step = MIGRATIONS[Number(state.version)]) {
    state = step(state);
  }
  return state;
}

/** The newest version in the history that could take the place of a damaged file. */
async function newestReadable(path: string): Promise<string | undefined> {
  for (const version of await listVersions(path)) {
    try {
      parseState(await readFile(version.path, 'utf8'), version.path);
      return version.path;
    } catch {
      // Not this one, then.
    }
  }
  return undefined;
}

function forbidden(path: string, cause: unknown): RemedyError {
  return remedy.configuration(
    'state-forbidden',
    `the state file ${path} belongs to somebody else: ${reasonOf(cause)}`,
    ['run chainctl as the user who deployed the stack', 'or use a folder of your own: CHAINCTL_HOME=...'],
    cause,
  );
}

function unreadable(path: string, cause: unknown, earlier?: string): RemedyError {
  const file = shellWord(path);
  return remedy.configuration(
    'state-corrupt',
    `the state file ${path} cannot be used: ${reasonOf(cause)}`,
    [
      ...(earlier === undefined
        ? []
        : [`go back to the newest version that is sound: cp ${shellWord(earlier)} ${file}`]),
      `${earlier === undefined ? 'inspect it, or' : 'or'} set it aside with: mv ${file} ${shellWord(`${path}.damaged`)}`,
      'then run the command again: what is deployed is found by its tags, without the file',
    ],
    cause,
  );
}

/** Writes the state so that a crash leaves either the old or the new file. */
export async function writeState(path: string, state: StackState): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    await writeDurably(path, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    const { why, next } = writeFault(path, error);
    throw remedy.configuration(
      'state-unwritable',
      `cannot write the state file ${path}: ${why}`,
      [...next, 'free space or make the folder writable, or point CHAINCTL_HOME to another folder'],
      error,
    );
  }
}

const historyOf = (statePath: string) => join(dirname(statePath), 'history');

/**
 * Keeps the state file as it is now, before it is written over, as `history/SERIAL.json`; older ones than the last 20 go.
 * The file is linked and not copied, so it is the very file that was in force.
 */
export async function keepVersion(statePath: string, serial: number): Promise<void> {
  const path = join(historyOf(statePath), `${String(serial).padStart(6, '0')}.json`);
  await makeFolder(historyOf(statePath), 0o700);
  // One with the same number is from before somebody went back to an earlier version.
  await rm(path, { force: true });
  try {
    await link(statePath, path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    // A file system without links.
    await copyDurably(statePath, path);
  }
  const old = (await listVersions(statePath)).slice(KEPT_VERSIONS);
  await Promise.all(old.map((version) => rm(version.path, { force: true })));
}

/** Newest first. */
export async function listVersions(statePath: string) {
  const names = await readdir(historyOf(statePath)).catch(() => []);
  return names
    .filter((name) => /^\d{6,}\.json$/.test(name))
    .map((name) => ({ path: join(historyOf(statePath), name), serial: Number.parseInt(name, 10) }))
    .sort((one, other) => other.serial - one.serial);
}
