import type { GivenPipeline } from '../../config/pipeline-flag.ts';
import { remedy } from '../../errors.ts';
import { defined } from '../defined.ts';
import type { Note } from '../stack/provider.ts';
import { type AskedServices, askServices } from './ask.ts';
import { type Download, ggufFile, type LlamaEngine, modelUrl } from './llama.ts';
import { onlyService } from './request.ts';
import type { FlagValues, ServiceDefinition, ServiceSettings } from './service-definition.ts';

/** Reads `VALUE` for every service, or `b=VALUE` for one. Pure. */
export function forService(text: string): { readonly service?: string; readonly value: string } {
  const [, service, value] = /^([a-z][a-z0-9]*)=(.*)$/s.exec(text) ?? [];
  return service === undefined || value === undefined ? { value: text } : { service, value };
}

/** What is asked of services on machines, and of the engines beside them. Without `llama` they are Ollama. */
export interface OnMachines {
  readonly services: AskedServices;
  readonly ollamaImage?: string | undefined;
  readonly llama?: LlamaEngine | undefined;
}

/**
 * What the flags ask of services on machines and of their engines.
 *
 * @throws RemedyError (exit 2) for a model that is no GGUF file, or one without an address
 */
export function askOnMachines(services: readonly ServiceDefinition[], flags: FlagValues): OnMachines {
  const asked = askServices(services, flags);
  if (flags.engine !== 'llamacpp') return { services: asked, ollamaImage: flags['ollama-image'] as string | undefined };
  const withFiles = services.map((service): [string, AskedServices[string]] => {
    const settings = asked[service.name] ?? {};
    return [
      service.name,
      service.model === undefined ? settings : { ...settings, ...fileOf(service, settings, flags) },
    ];
  });
  const image = flags['llama-image'] as string | undefined;
  const threads = flags['llama-threads'] as number | undefined;
  return { services: Object.fromEntries(withFiles), llama: defined({ image, threads }) };
}

function fileOf({ name, title }: ServiceDefinition, { otherModels }: ServiceSettings, flags: FlagValues) {
  const url = valueFor(name, 'model-url', flags);
  if (url === undefined) {
    throw usage(
      `--engine llamacpp needs the address of the model of ${title}`,
      `add for example --model-url https://huggingface.co/OWNER/NAME/resolve/main/FILE.gguf`,
    );
  }
  const download: Download = defined({ url: modelUrl(url), sha256: valueFor(name, 'model-sha256', flags) });
  const flag = flags.model === undefined ? `model-${name}` : 'model';
  const model = ggufFile(flags[flag] as string | undefined, download.url, `--${flag}`);
  // It answers with its only model whatever is asked for.
  const { models = [] } = (flags.pipeline ?? {}) as Partial<GivenPipeline>;
  const other = otherModels?.length ? models.find((each) => each.model !== model) : undefined;
  if (other !== undefined) {
    throw usage(
      `${other.at}: step "${other.step}" wants the model ${other.model}, and llama.cpp has one model: ${model}`,
      'leave the model out there, give that step the url of a server that has it, or use --engine ollama',
    );
  }
  return { model, download };
}

/** The service's own, else that of all. @throws RemedyError (exit 2) when there are two */
function valueFor(service: string, flag: string, flags: FlagValues): string | undefined {
  // A variable is one value, and no list.
  const given = [flags[flag] ?? []].flat().map((text) => forService(String(text)));
  const own = given.filter((each) => each.service === service);
  const values = own.length > 0 ? own : given.filter((each) => each.service === undefined);
  if (values.length < 2) return values[0]?.value;
  throw usage(
    `--${flag} is given twice for ${service.toUpperCase()}`,
    `leave one out, or write --${flag} ${service}=...`,
  );
}

type Asked = Omit<OnMachines, 'services'> & Parameters<typeof onlyService>[0];

/**
 * Which engine a place with one service gets, for its plan, and that it is another one than before. Pure.
 *
 * @param before what is recorded of an earlier request, if anything
 */
export function engineNote(request: Asked, before?: unknown): Note[] {
  const { settings, definition } = onlyService(request);
  const { model, download }: ServiceSettings = settings;
  if (model === undefined) return [];
  const name = (llama: unknown) => (llama === undefined ? 'Ollama' : 'llama.cpp');
  const from = download === undefined ? '' : `, from ${new URL(download.url).host}`;
  const own = name(request.llama);
  const isRecord = typeof before === 'object' && before !== null;
  const earlier = isRecord ? name((before as { readonly llama?: unknown }).llama) : own;
  const instead = earlier === own ? '' : `, in the place of ${earlier}`;
  return [{ level: 'info', text: `engine of ${definition.title}: ${own} with ${model}${from}${instead}` }];
}

function usage(fault: string, next: string) {
  return remedy.usage('usage', fault, [next]);
}
