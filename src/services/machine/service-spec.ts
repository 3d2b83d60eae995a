import { remedy } from '../../errors.ts';
import { TUNING, tuningEnv } from '../chain/tuning.ts';
import { carriedId } from '../workloads/carried-files.ts';
import type { LlamaEngine } from '../workloads/llama.ts';
import type { Endpoints, ServiceDefinition, ServiceSettings } from '../workloads/service-definition.ts';
import { type ServiceTemplates, shortHash } from './templates.ts';
import { FILES_FOLDER } from './with-files.ts';

/** What is wanted of one service on one machine. Goes into the state: no secrets, only their hashes. */
export interface ServiceSpec {
  readonly service: string;
  /** Absent for a service without an engine. */
  readonly model?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Hashes of what is pushed, so that new code or settings are noticed. */
  readonly bundle: string;
  readonly dockerfile: string;
  readonly compose: string;
  /** Another image of Ollama than the compose file's own. */
  readonly ollamaImage?: string;
  /** llama.cpp as the engine, and where its model comes from; without it, it is Ollama. */
  readonly llama?: LlamaSpec;
  /** Hash of the bearer token, where there is one. */
  readonly token?: string;
  /** Hash of the files that its settings name. */
  readonly files?: string;
}

/** What of llama.cpp makes it another engine. */
interface LlamaSpec extends LlamaEngine {
  readonly url: string;
  readonly sha256?: string | undefined;
  /** Slots. */
  readonly parallel: number;
  /** Context of each slot, tokens. */
  readonly ctxSize: number;
}

export interface Wanted {
  readonly definition: ServiceDefinition;
  readonly settings: ServiceSettings;
  readonly links?: Endpoints | undefined;
  readonly ollamaImage?: string | undefined;
  /** llama.cpp instead of Ollama. */
  readonly llama?: LlamaEngine | undefined;
  /** Variables that the place gives the service. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly token?: string | undefined;
}

/** As the compose file has it. */
const LLAMA_URL = 'http://llamacpp:8000';
/** Slots of llama.cpp, and the context of each, where the operator says nothing. */
const LLAMA_PARALLEL = 2;
const LLAMA_CTX_SIZE = 4096;

/**
 * What is wanted of a service, as the state keeps it. Pure.
 *
 * @throws RemedyError (exit 2) for a value that was set and that no env file can carry
 */
export function serviceSpec(wanted: Wanted, templates: ServiceTemplates): ServiceSpec {
  const { definition, settings, links = {}, ollamaImage, env, token } = wanted;
  const { model, tuning } = settings;
  const llama = llamaSpec(wanted);
  envFile(settings.set ?? {});
  const { files } = templates;
  return {
    service: definition.name,
    ...(model === undefined ? {} : { model }),
    env: {
      ...definition.env(settings, links),
      ...tuningEnv(tuning),
      ...llamaEnv(llama),
      ...settings.set,
      ...files?.env(FILES_FOLDER),
      ...env,
    },
    bundle: shortHash(Buffer.concat([templates.bundle, templates.downloader])),
    dockerfile: shortHash(templates.dockerfile),
    compose: shortHash(templates.compose),
    ...(ollamaImage === undefined || llama !== undefined ? {} : { ollamaImage }),
    ...(llama === undefined ? {} : { llama }),
    ...(token === undefined ? {} : { token: shortHash(token) }),
    ...(files === undefined ? {} : { files: carriedId(files) }),
  };
}

function llamaSpec({ llama, settings: { model, download, tuning } }: Wanted): LlamaSpec | undefined {
  if (llama === undefined || model === undefined) return undefined;
  if (download === undefined) throw new Error(`nobody says where ${model} is downloaded from`);
  return {
    ...llama,
    ...download,
    parallel: tuning?.concurrency ?? LLAMA_PARALLEL,
    ctxSize: tuning?.numCtx ?? LLAMA_CTX_SIZE,
  };
}

/** What makes a service ask llama.cpp, with as many requests at a time as that has slots. */
function llamaEnv(llama: LlamaSpec | undefined): Record<string, string> {
  if (llama === undefined) return {};
  return {
    ENGINE: 'openai',
    ENGINE_URL: LLAMA_URL,
    CHAT_NUM_CTX: String(llama.ctxSize),
    [TUNING.concurrency.variable]: String(llama.parallel),
  };
}

/** One hash over everything that is wanted: what runs with it is as wanted. */
export function contentHash(spec: ServiceSpec): string {
  const fields = Object.entries({ ...spec, env: Object.entries(spec.env).sort() });
  return shortHash(JSON.stringify(fields.sort(([one], [other]) => (one < other ? -1 : 1))));
}

/** The service's image is named after what it is built from, so that new settings alone build nothing. */
export function imageOf({ service, bundle, dockerfile }: ServiceSpec): string {
  return `chainctl/service-${service}:${shortHash(`${bundle} ${dockerfile}`)}`;
}

/** The image of the engine: the operator's, else the one that the compose file names itself. */
export function engineImage(
  { ollamaImage, llama }: Pick<ServiceSpec, 'ollamaImage' | 'llama'>,
  compose: string,
): string {
  const own = (variable: string) => new RegExp(`\\$\\{${variable}:-([^}]+)\\}`).exec(compose)?.[1];
  const image = llama === undefined ? (ollamaImage ?? own('OLLAMA_IMAGE')) : (llama.image ?? own('LLAMA_IMAGE'));
  if (image === undefined) throw new Error('the compose file names no image for the engine');
  return image;
}

/** The images that a Dockerfile begins with. */
export function baseImages(dockerfile: string): string[] {
  return [...dockerfile.matchAll(/^FROM\s+(\S+)/gim)].map(([, image]) => image as string);
}

/**
 * An env file that Compose 1.29 and 2 read alike: 2 knows quotes, comments and `$`, 1.29 does not, so a value that has
 * them is refused.
 *
 * @throws RemedyError (exit 2) that names the variable and not its value, which may be a secret
 */
export function envFile(values: Readonly<Record<string, string>>): string {
  for (const [name, value] of Object.entries(values)) {
    if (/^[\x21-\x7e]*$/.test(value) && !/["'`$\\#]/.test(value)) continue;
    throw remedy.usage('usage', `the value of ${name} has a character that an env file cannot carry everywhere`, [
      'use printable ASCII without blanks, quotes, $, # and backslashes',
    ]);
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
