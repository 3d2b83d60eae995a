import { z } from 'zod';
import { type RemedyError, remedy } from '../../errors.ts';

/** How llama.cpp runs as the engine of a machine, beside what the service's own tuning says. */
export const llamaSchema = z.object({
  /** Another image than the compose file's own. */
  image: z.string().optional(),
  threads: z.number().int().optional(),
});

export type LlamaEngine = z.infer<typeof llamaSchema>;

/** Where the file of a model comes from. */
export const downloadSchema = z.object({ url: z.string(), sha256: z.string().optional() });

export type Download = z.infer<typeof downloadSchema>;

/** The model where the operator names none. */
const DEFAULT_GGUF = 'Llama-3.2-1B-Instruct-Q4_K_M.gguf';

/**
 * The file that llama.cpp gets: the one that is named, else that at the end of the address, else the default. Pure.
 *
 * @param flag that named it, for the refusal
 * @throws RemedyError (exit 2) for what is no name of a GGUF file
 */
export function ggufFile(named: string | undefined, url: string, flag: string): string {
  if (named === undefined) {
    const [, last = ''] = /([^/]+)$/.exec(new URL(url).pathname) ?? [];
    return faultOf(last) === undefined ? last : DEFAULT_GGUF;
  }
  const fault = faultOf(named);
  if (fault !== undefined) throw refused(`${flag}: "${named}" ${fault}`, `write for example ${flag} ${DEFAULT_GGUF}`);
  return named;
}

function faultOf(file: string): string | undefined {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+@~-]{0,194}\.gguf$/.test(file)) {
    return 'is not the name of a GGUF file, which is what llama.cpp runs';
  }
  const [, parts] = /-\d{5}-of-(\d{5})\.gguf$/.exec(file) ?? [];
  if (parts !== undefined && Number(parts) > 1)
    return 'is one part of a model, and only a model in one file can be used';
  return undefined;
}

/**
 * An address as it can go to a machine, without what belongs to a browser. Pure.
 *
 * @throws RemedyError (exit 2)
 */
export function modelUrl(text: string): string {
  const url = new URL(text);
  url.hash = '';
  if (!/["'`$\\]/.test(url.href)) return url.href;
  throw refused(
    '--model-url: the address has a quote, a $ or a backslash',
    'write it in percent-encoding, as in %24 for $',
  );
}

function refused(fault: string, next: string): RemedyError {
  return remedy.usage('usage', fault, [next]);
}
