import { Flags } from '@oclif/core';
import { remedy } from '../errors.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import { forService } from '../services/workloads/machine-engine.ts';
import type { FlagValues } from '../services/workloads/service-definition.ts';
import { checkUrl, integerFlag, refused } from './flags.ts';

const NAMES = SERVICES.map(({ name }) => name);

/** `VALUE` for all services, or `a=VALUE` for one; repeatable. */
const forServices = (helpValue: string, check: (text: string, flag: { readonly name: string }) => string) =>
  Flags.custom<string>({
    helpValue: `[${NAMES[0]}=]${helpValue}`,
    multiple: true,
    multipleNonGreedy: true,
    parse: async (text, _context, flag) => {
      const { service, value } = forService(text);
      if (service === undefined) return check(value, flag);
      if (!NAMES.includes(service)) throw refused(flag, `"${service}" is none of the services ${NAMES.join(', ')}`);
      return `${service}=${check(value, flag)}`;
    },
  });

function checkSha256(text: string, flag: { readonly name: string }): string {
  const digits = text.toLowerCase().replace(/^sha256:/, '');
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw refused(flag, 'a SHA-256 has 64 hexadecimal digits, as sha256sum writes it');
}

/** Flags that mean some engines only. */
const OF_ENGINES: Readonly<Record<string, readonly string[]>> = {
  'model-url': ['llamacpp'],
  'model-sha256': ['llamacpp'],
  'llama-image': ['llamacpp'],
  'llama-threads': ['llamacpp'],
  'ollama-image': ['ollama'],
  'engine-url': ['ollama', 'openai'],
  'engine-api-key-file': ['openai'],
};

/**
 * A variable may be set for other deploys; what was typed is meant.
 *
 * @throws RemedyError (exit 2) for a flag that was typed and means another engine than the one that is asked for
 */
export function refuseOtherEngines({ engine }: FlagValues, isTyped: (flag: string) => boolean): void {
  for (const [flag, engines] of Object.entries(OF_ENGINES)) {
    if (typeof engine !== 'string' || engines.includes(engine) || !isTyped(flag)) continue;
    const ways = engines.map((each) => `--engine ${each}`).join(' or ');
    throw remedy.usage('usage', `--${flag} is for ${ways}, and this is --engine ${engine}`, [
      `add ${ways}, or leave --${flag} out`,
    ]);
  }
}

/** The engine of a service on a machine, in a container beside it: the same flags on every place with machines. */
export const machineEngineFlags = {
  engine: Flags.option({
    description: 'engine beside the service: Ollama, or llama.cpp with one GGUF file',
    options: ['ollama', 'llamacpp'] as const,
    default: 'ollama',
    env: 'CHAINCTL_MACHINE_ENGINE',
  })(),
  'ollama-image': Flags.string({
    description: 'image of Ollama [default: the version that chainctl was tested with]',
    helpValue: 'IMAGE',
    env: 'CHAINCTL_OLLAMA_IMAGE',
  }),
  'model-url': forServices(
    'URL',
    checkUrl,
  )({
    description: 'llamacpp: where the GGUF file is downloaded from; repeatable, for each service its own',
    env: 'CHAINCTL_MODEL_URL',
  }),
  'model-sha256': forServices(
    'HEX',
    checkSha256,
  )({
    description: 'llamacpp: checksum of the file [default: the one that the server tells, as Hugging Face does]',
    env: 'CHAINCTL_MODEL_SHA256',
  }),
  'llama-image': Flags.string({
    description: 'llamacpp: image of its server',
    helpValue: 'IMAGE',
    env: 'CHAINCTL_LLAMA_IMAGE',
  }),
  'llama-threads': integerFlag({
    description: 'llamacpp: processor threads [default: 2]',
    min: 1,
    max: 1024,
    env: 'CHAINCTL_LLAMA_THREADS',
  }),
};
