import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Env, EnvError } from '../../common/env.ts';
import { readHistoryHosts } from './visitors.ts';

export interface HistorySettings {
  /** undefined: conversations are not kept. */
  readonly place:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string }
    | undefined;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Names of this service under which it shows conversations; see `Visitors`. */
  readonly hosts: readonly string[];
}

/**
 * `HISTORY=off` turns it off. Else `HISTORY_URL` (or the file that `HISTORY_URL_FILE` names) says which PostgreSQL, and
 * `HISTORY_PATH` which file, by default beside the request log.
 */
export function readHistorySettings(env: Env, logPath: string | undefined): HistorySettings {
  const bounds = {
    maxBytes: env.integer('HISTORY_MAX_MB', 512, { min: 1, max: 1_000_000 }) * 1e6,
    maxAgeMs: env.number('HISTORY_MAX_DAYS', 365, { min: 0.001, max: 36_500 }) * 86_400_000,
    hosts: readHistoryHosts(env),
  };
  const path = env.text('HISTORY_PATH', join(logPath === undefined ? '/logs' : dirname(logPath), 'history.db'));
  const url = readUrl(env);
  // Read whatever is off: a setting that is wrong is wrong at once.
  if (!env.flag('HISTORY', true, ['on', 'off'])) return { place: undefined, ...bounds };
  return { place: url === undefined ? { kind: 'sqlite', path } : { kind: 'postgres', url }, ...bounds };
}

/** Holds a password: what is wrong with it is said without showing it. */
function readUrl(env: Env): string | undefined {
  const file = env.text('HISTORY_URL_FILE', '');
  const url = file === '' ? env.text('HISTORY_URL', '') : readText(file);
  if (url === '') return undefined;
  const name = file === '' ? 'HISTORY_URL' : 'HISTORY_URL_FILE';
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new EnvError(`${name}: is not a postgres:// URL like postgres://user:password@host:5432/database`);
  }
  return url;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new EnvError(`HISTORY_URL_FILE: "${path}" cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
