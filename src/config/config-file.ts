import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ExitCode, hasCode, RemedyError, reasonOf } from '../errors.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const value = z.union([scalar, z.array(scalar)]);

/**
 * `chainctl.yaml`: a section per command, written as on the command line (`deploy local:` holds `replicas: 3`), and
 * `all:` for flags that every command has. What a value may be is decided by the flag of the same name.
 */
const schema = z.record(z.string(), z.record(z.string(), value));

export type ConfigFile = Readonly<Record<string, Readonly<Record<string, z.infer<typeof value>>>>>;

export const DEFAULT_CONFIG_FILE = 'chainctl.yaml';

/**
 * Reads a configuration file.
 *
 * @param required when false, a missing file is an empty configuration
 * @throws RemedyError (exit 3) with the place of the fault
 */
export async function readConfigFile(path: string, required: boolean): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') && !required) return {};
    throw new RemedyError(`cannot read the configuration file ${path}: ${reasonOf(error)}`, {
      code: 'config-unreadable',
      exit: ExitCode.configuration,
      cause: error,
      nextSteps: ['check the path given with --config'],
    });
  }
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault !== undefined) throw invalid(path, fault.message.split('\n')[0] ?? 'not YAML', fault);
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'invalid'}`, parsed.error);
}

function invalid(path: string, detail: string, cause: unknown): RemedyError {
  return new RemedyError(`${path}: ${detail}`, {
    code: 'config-invalid',
    exit: ExitCode.configuration,
    cause,
    nextSteps: ['write a section per command, for example "load:" with "duration: 10s" below it'],
  });
}
