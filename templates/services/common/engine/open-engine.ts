import { EngineReadiness } from '../engine-readiness.ts';
import { ContextRule } from './context.ts';
import type { Engine } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { OllamaEngine } from './ollama.ts';
import { OpenAiEngine } from './openai.ts';

/** An engine, and whether it can be asked. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly readiness: EngineReadiness;
}

/** Opens what `ENGINE` names. */
export function openEngine(settings: EngineSettings): OpenedEngine {
  const { generate, model, keepAlive, preload, url } = settings;
  const contexts = new ContextRule(model, generate.numCtx, settings.chatNumCtx);
  const readiness = new EngineReadiness({ engineUrl: url, settings: { model, keepAlive, ...generate }, preload });
  const engine = settings.kind === 'openai' ? new OpenAiEngine(settings) : new OllamaEngine(settings, contexts);
  return { engine, readiness };
}
