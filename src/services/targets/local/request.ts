import { resolve } from 'node:path';
import { z } from 'zod';
import { remedy } from '../../../errors.ts';
import { DEFAULT_CONCURRENCY } from '../../chain/tuning.ts';
import { askServices } from '../../workloads/ask.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { commonRequest, withServices } from '../../workloads/request.ts';
import type { FlagValues, ServiceDefinition } from '../../workloads/service-definition.ts';
import type { LocalFlags } from './flags.ts';
import { ollamaUrl } from './ollama.ts';

/** B's own minimum, seconds: here it is always written out. */
const MIN_PROCESS_SECONDS = 5;

/** What the operator asks of `deploy local`; recorded in the state as it is. */
export const localRequestSchema = z.preprocess(
  withServices,
  z.object({
    replicas: z.number().int().min(1),
    engine: z.enum(['sim', 'ollama', 'openai']),
    ...commonRequest,
    /** By service; 0 for any free one. */
    ports: z.record(z.string(), z.number().int()),
    /** Base URL of a running Ollama; used with `engine: ollama` only. */
    ollamaUrl: z.string(),
    /** Of `engine: openai`. */
    openai: z
      .object({
        /** Base URL, with or without `/v1`. */
        url: z.string(),
        /** Absolute path of the file with the API key; the key itself is in no record. */
        apiKeyFile: z.string().optional(),
      })
      .optional(),
    /** Whether the services ask for the stack's token; default `none`. */
    auth: z.enum(['none', 'token']).optional(),
    /** The machine that the simulated engine models. */
    sim: z.object({
      outputTokensPerSecond: z.number().positive(),
      promptTokensPerSecond: z.number().positive(),
      parallel: z.number().int().min(1),
    }),
  }),
);

export type LocalRequest = z.infer<typeof localRequestSchema>;

/** What the flags ask for. */
export function localRequest(
  flags: LocalFlags,
  services: readonly ServiceDefinition[],
  env: Readonly<Record<string, string | undefined>>,
): LocalRequest {
  const asked = askServices(services, { 'min-process-seconds': MIN_PROCESS_SECONDS, ...flags });
  const port = (name: string) => (flags as FlagValues)[`port-${name}`] as number | undefined;
  return {
    replicas: flags.replicas,
    engine: flags.engine,
    services: asked,
    auth: flags.auth,
    ports: Object.fromEntries(services.map(({ name }) => [name, port(name) ?? 0])),
    ...engineOf(flags, env),
    sim: {
      outputTokensPerSecond: flags['sim-output-tokens'],
      promptTokensPerSecond: flags['sim-prompt-tokens'],
      parallel:
        flags['sim-parallel'] ??
        Math.max(...Object.values(asked).map(({ tuning }) => tuning?.concurrency ?? DEFAULT_CONCURRENCY)),
    },
  };
}

/** @throws RemedyError (exit 2) for an address that is missing, or none */
function engineOf(flags: LocalFlags, env: Readonly<Record<string, string | undefined>>) {
  const { engine, 'engine-url': given, 'engine-api-key-file': file } = flags;
  if (engine === 'sim') return { ollamaUrl: '' };
  const url = given === undefined ? undefined : baseUrl(given);
  if (engine === 'ollama') return { ollamaUrl: ollamaUrl(url?.replace(/\/v1$/, '') ?? env.OLLAMA_HOST) };
  if (url === undefined) {
    throw remedy.usage('usage', '--engine openai needs the address of the engine', [
      'add for example --engine-url http://127.0.0.1:8000/v1',
    ]);
  }
  return { ollamaUrl: '', openai: { url, ...(file === undefined ? {} : { apiKeyFile: resolve(file) }) } };
}

function baseUrl(text: string): string {
  const url = new URL(text);
  if (url.search === '' && url.hash === '') return url.href.replace(/\/+$/, '');
  throw remedy.usage('usage', '--engine-url: a base URL has neither a "?" nor a "#"', [
    'put a key into a file, and name it with --engine-api-key-file',
  ]);
}

/**
 * A small machine for a rehearsal: about 13 chains a second (each 60 output tokens at 1200/s and some 480 prompt tokens
 * at 20,000/s), so that a short ladder shows both sides of the knee.
 */
export function rehearsalRequest(replicas: number): LocalRequest {
  return {
    replicas,
    engine: 'sim',
    services: askServices(SERVICES, { 'min-process-seconds': 0.2 }),
    ports: {},
    ollamaUrl: '',
    sim: { outputTokensPerSecond: 1200, promptTokensPerSecond: 20_000, parallel: 1 },
  };
}
