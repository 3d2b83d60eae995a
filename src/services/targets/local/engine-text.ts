import { modelsOf } from './desired.ts';
import type { LocalRequest } from './request.ts';

/** Which engine answers, and with which models. Pure. */
export function engineText(request: LocalRequest): string {
  const { engine, ollamaUrl, openai } = request;
  const models = modelsOf(request).join(' and ');
  if (engine === 'sim') return `simulated, as ${models}`;
  return engine === 'ollama' ? `Ollama at ${ollamaUrl} with ${models}` : `the server at ${openai?.url} with ${models}`;
}

/** The file of the graph that is run, where one was named. Pure. */
export function pipelineOf({ services }: Pick<LocalRequest, 'services'>): { readonly pipeline?: string } {
  const named = Object.values(services).find(({ pipeline }) => typeof pipeline === 'string');
  return named === undefined ? {} : { pipeline: String(named.pipeline) };
}
