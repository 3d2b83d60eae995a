import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { hasCode, type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { writeDurably } from '../files/write-durably.ts';
import { listVersions } from './history.ts';

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
    targets: Object.fromEntries(Object.entries(old.targets ?? {}).map(([name, target]) => [name, standing(target)])),
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

/** A state of no targets, as it is before the first write. */
export function emptyState(stack: string, serial: number, updatedAt: string): StackState {
  return { version: STATE_VERSION, serial, stack, updatedAt, targets: {} };
}

/**
 * Reads a stack's state.
 *
 * @returns undefined where the stack has none
 * @throws RemedyError (exit 3) for a file that is damaged or newer than this program; the file is left as it is
 */
export async function readState(path: string): Promise<StackState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'EACCES', 'EPERM')) throw forbidden(path, error);
    throw unreadable(path, reasonOf(error), error);
  }
  const parsed = parseState(text, path);
  if ('state' in parsed) return parsed.state;
  throw unreadable(path, parsed.fault, parsed.cause, await newestReadable(path));
}

type Parsed = { readonly state: StackState } | { readonly fault: string; readonly cause: unknown };

/** @throws RemedyError (exit 3) for a version that this program does not know */
function parseState(text: string, path: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { fault: `it is not JSON (${reasonOf(cause)})`, cause };
  }
  const parsed = stateSchema.safeParse(migrated(value, path));
  if (parsed.success) return { state: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    fault: `${issue?.path.join('.') || 'the top level'}: ${issue?.message ?? 'invalid'}`,
    cause: parsed.error,
  };
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
      if ('state' in parseState(await readFile(version.path, 'utf8'), version.path)) return version.path;
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

function unreadable(path: string, detail: string, cause: unknown, earlier?: string): RemedyError {
  return remedy.configuration(
    'state-corrupt',
    `the state file ${path} cannot be used: ${detail}`,
    [
      ...(earlier === undefined ? [] : [`go back to the newest version that is sound: cp ${earlier} ${path}`]),
      `${earlier === undefined ? 'inspect it, or' : 'or'} set it aside with: mv ${path} ${path}.damaged`,
      'then run the command again: what is deployed is found by its tags, without the file',
    ],
    cause,
  );
}

/** Writes the state so that a crash leaves either the old or the new file. */
export async function writeState(path: string, state: StackState): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    await writeDurably(path, `${JSON.stringify(state, undefined, 2)}\n`);
  } catch (error) {
    throw remedy.configuration(
      'state-unwritable',
      `cannot write the state file ${path}: ${reasonOf(error)}`,
      ['free space or make the folder writable, or point CHAINCTL_HOME to another folder'],
      error,
    );
  }
}
