import { type Env, EnvError, parseHttpUrl } from '../common/env.ts';

/** What is downloaded, to where, and how it is known to be right. */
export interface Settings {
  /** Name of the file in `folder`. */
  readonly file: string;
  /** Where it comes from; may hold credentials, and is shown by `shownUrl` only. */
  readonly url: URL;
  /** SHA-256 that the file has to have, lower-case hexadecimal. */
  readonly sha256: string | undefined;
  /** Whether a file is taken whose checksum nobody tells. */
  readonly allowUnverified: boolean;
  readonly folder: string;
}

const DEFAULT_FILE = 'Llama-3.2-1B-Instruct-Q4_K_M.gguf';

/** What stands behind a file's name in the names of the files beside it. */
const SUFFIXES = ['.part', '.part.etag', '.sha256', '.sha256.new', '.lock'];

/** @throws EnvError that names the variable */
export function readSettings(env: Env): Settings {
  const file = env.text('MODEL_FILE', DEFAULT_FILE);
  const fault = fileFault(file);
  if (fault !== undefined) throw new EnvError(`MODEL_FILE: ${JSON.stringify(file.slice(0, 80))} ${fault}`);
  const sha256 = env
    .text('MODEL_SHA256', '')
    .toLowerCase()
    .replace(/^sha256:/, '');
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new EnvError('MODEL_SHA256 is not a SHA-256: 64 hexadecimal digits');
  }
  return {
    file,
    url: readUrl(env.text('MODEL_URL', '')),
    sha256: sha256 === '' ? undefined : sha256,
    allowUnverified: env.flag('MODEL_ALLOW_UNVERIFIED', false),
    folder: env.text('MODEL_FOLDER', '/models'),
  };
}

/** Why this is no name for a file in the folder; undefined where it is one. */
function fileFault(file: string): string | undefined {
  if (file.length > 200) return 'is too long: at most 200 characters';
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+@~-]*$/.test(file)) {
    return 'is not the name of a file: letters, digits and . _ + @ ~ -, and no folder';
  }
  if (SUFFIXES.some((suffix) => file.endsWith(suffix))) return 'ends like a file that is kept beside a model';
  return undefined;
}

function readUrl(text: string): URL {
  if (text === '') throw new EnvError('MODEL_URL is not set: it says where the model is downloaded from');
  try {
    return parseHttpUrl('MODEL_URL', text);
  } catch {
    // Not with the value: it may hold a password.
    throw new EnvError('MODEL_URL is not an http:// or https:// URL');
  }
}

/** A URL as it may be shown: without credentials, and without a query, which may be a signature. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  const path = pathname.length > 200 ? `${pathname.slice(0, 200)}...` : pathname;
  return `${protocol}//${host}${path}`;
}
