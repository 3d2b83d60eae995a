import { z } from 'zod';
import { definitionOf, serviceNamed } from './catalog.ts';
import { llamaSchema } from './llama.ts';
import { commonSettings, type Endpoints } from './service-definition.ts';

/** The settings of services by name, as `state.json` has them: what else is in one is its service's own. */
export const servicesSchema = z.record(z.string(), z.looseObject(commonSettings));

export const commonRequest = {
  services: servicesSchema,
  /** Addresses of services elsewhere that these need. */
  links: z.record(z.string(), z.string()).optional(),
};

/** The engine of a service on a machine; without `llama` it is Ollama. */
export const engineRequest = {
  /** Another image of Ollama than the compose file's own. */
  ollamaImage: z.string().optional(),
  llama: llamaSchema.optional(),
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads a request as places recorded it before version 3 of `state.json`, when there were A and B alone: each had its own
 * fields. A request of now is returned as it is. Pure.
 */
export function withServices(value: unknown): unknown {
  if (!isFields(value) || 'services' in value) return value;
  const { modelA, modelB, minProcessSeconds, tuning, bUrl, portA, portB, ...rest } = value;
  const own = (name: 'a' | 'b', alone: boolean) => (alone ? tuning : isFields(tuning) ? tuning[name] : undefined);
  // On machines each service had a request of its own.
  const names = Object.keys(rest).filter((name) => serviceNamed(name) !== undefined);
  const services = {
    ...Object.fromEntries(names.map((name) => [name, rest[name]])),
    ...(modelA === undefined ? {} : { a: { model: modelA, tuning: own('a', modelB === undefined) } }),
    ...(modelB === undefined
      ? {}
      : { b: { model: modelB, minProcessSeconds, tuning: own('b', modelA === undefined) } }),
  };
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => !names.includes(name))),
    services,
    ...(bUrl === undefined ? {} : { links: { b: bUrl } }),
    ...(portA === undefined && portB === undefined ? {} : { ports: { a: portA, b: portB } }),
  };
}

/** The service of a place that gets one. @throws Error where the catalog has none of that name */
export function onlyService({ services }: { readonly services: z.infer<typeof servicesSchema> }) {
  const [[name, settings] = ['', {}]] = Object.entries(services);
  return { definition: definitionOf(name), settings };
}

/** The links of a request that a service has: without those that it does not need. Pure. */
export function neededOf(links: Endpoints, needs: readonly string[]): Endpoints {
  return Object.fromEntries(Object.entries(links).filter(([name]) => needs.includes(name)));
}

/** When machines that live this long have ended, ISO 8601; undefined without a bound. */
export function expiryOf(
  { ttlSeconds }: { readonly ttlSeconds?: number | undefined },
  now: number,
): string | undefined {
  return ttlSeconds === undefined ? undefined : new Date(now + ttlSeconds * 1000).toISOString();
}
