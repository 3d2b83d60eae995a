import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { ExitCode, hasCode, RemedyError, reasonOf } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';

const resourceRecord = z.object({
  /** `creating` and `removing` are intents: written before the call that they announce. */
  status: z.enum(['creating', 'created', 'ready', 'removing']),
  token: z.string(),
  since: z.string(),
  spec: z.unknown(),
  identity: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

const targetRecord = z.object({
  deployedAt: z.string().optional(),
  /** What the operator asked for, as the target understands it. */
  request: z.unknown().optional(),
  endpoints: z.object({ a: z.string().optional(), b: z.string().optional() }).default({}),
  resources: z.record(z.string(), resourceRecord).default({}),
});

const STATE_VERSION = 1;

const stateSchema = z.object({
  version: z.literal(STATE_VERSION),
  stack: z.string(),
  updatedAt: z.string(),
  targets: z.record(z.string(), targetRecord),
});

export type ResourceRecord = z.infer<typeof resourceRecord>;
export type TargetRecord = z.infer<typeof targetRecord>;
export type StackState = z.infer<typeof stateSchema>;

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, `it is not JSON (${reasonOf(error)})`, error);
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new RemedyError(`the state file ${path} has version ${version}; this chainctl knows up to ${STATE_VERSION}`, {
      code: 'state-newer',
      exit: ExitCode.configuration,
      nextSteps: ['use the chainctl that wrote it, or a newer one'],
    });
  }
  const parsed = stateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unreadable(path, `${issue?.path.join('.') || 'the top level'}: ${issue?.message ?? 'invalid'}`, parsed.error);
}

function forbidden(path: string, cause: unknown): RemedyError {
  return new RemedyError(`the state file ${path} belongs to somebody else: ${reasonOf(cause)}`, {
    code: 'state-forbidden',
    exit: ExitCode.configuration,
    cause,
    nextSteps: ['run chainctl as the user who deployed the stack', 'or use a folder of your own: CHAINCTL_HOME=...'],
  });
}

function unreadable(path: string, detail: string, cause: unknown): RemedyError {
  return new RemedyError(`the state file ${path} cannot be used: ${detail}`, {
    code: 'state-corrupt',
    exit: ExitCode.configuration,
    cause,
    nextSteps: [
      `look at it, or set it aside with: mv ${path} ${path}.damaged`,
      'then run the command again: what is deployed is found by its tags, without the file',
    ],
  });
}

/** Writes the state so that a crash leaves either the old or the new file: temporary file, fsync, rename; mode 0600. */
export async function writeState(path: string, state: StackState): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    await writeFileAtomic(path, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600, fsync: true });
  } catch (error) {
    throw new RemedyError(`cannot write the state file ${path}: ${reasonOf(error)}`, {
      code: 'state-unwritable',
      exit: ExitCode.configuration,
      cause: error,
      nextSteps: ['make room or make the folder writable, or point CHAINCTL_HOME to another folder'],
    });
  }
}
