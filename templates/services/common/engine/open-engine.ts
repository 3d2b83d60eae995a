import { EngineReadiness } from '../engine-readiness.ts';
import { type Redact, redactor } from '../redact.ts';
import { ContextRule } from './context.ts';
import type { Engine } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { OllamaEngine } from './ollama.ts';
import { OpenAiEngine } from './openai.ts';
import { OpenAiReadiness } from './openai-readiness.ts';
import { OwnModel } from './own-model.ts';
import type { EngineState } from './readiness.ts';
import { verifyEngine } from './start.ts';

/** An engine, and whether it can be asked. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly readiness: EngineState;
  /** Drops all connections to it. */
  close(): void;
}

/**
 * Opens what `ENGINE` names, and has its model loaded from now on.
 * @param warn takes one line for the operator
 * @param alsoNeeded models that are pulled where they are missing, beside the own one: those that steps name; asked for at
 *   each look at the engine
 */
export function openEngine(
  settings: EngineSettings,
  warn: (line: string) => void,
  alsoNeeded: () => readonly string[] = () => [],
): OpenedEngine {
  const redact = redactor([settings.headers.authorization]);
  const say = (line: string) => warn(redact(line));
  const opened = settings.kind === 'openai' ? openAi(settings, say) : ollama(settings, say, alsoNeeded);
  const { engine } = opened;
  const readiness = withoutSecrets(opened.readiness, redact);
  let isClosed = false;
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, ms).unref();
    });
  const deps = { warn: say, exit: (code: number) => process.exit(code), sleep, random: Math.random };
  void verifyEngine(readiness, settings, deps, () => isClosed);
  return {
    engine,
    readiness,
    close() {
      isClosed = true;
      engine.close();
      readiness.close();
    },
  };
}

/** Every reason passes here, whichever answer of the engine it quotes: a 200 may repeat the key as well. */
function withoutSecrets(state: EngineState, redact: Redact): EngineState {
  return {
    async current(maxAgeMs) {
      const found = await state.current(maxAgeMs);
      return found.reason === undefined ? found : { ...found, reason: redact(found.reason) };
    },
    close: () => state.close(),
  };
}

function openAi(settings: EngineSettings, warn: (line: string) => void) {
  const own = new OwnModel(settings.model);
  const readiness = new OpenAiReadiness(settings, own, undefined, undefined, warn);
  return { engine: new OpenAiEngine(settings, own, () => readiness.lost()), readiness };
}

function ollama(settings: EngineSettings, warn: (line: string) => void, alsoNeeded: () => readonly string[]) {
  const { generate, model, keepAlive, preload, url, headers } = settings;
  const contexts = new ContextRule(model, generate.numCtx, settings.chatNumCtx);
  const pull = settings.pull ? (line: string) => warn(`engine ${url}: ${line}`) : undefined;
  const readiness = new EngineReadiness({
    engineUrl: url,
    headers,
    settings: { model, keepAlive, ...generate },
    preload,
    contexts,
    pull,
    alsoNeeded,
  });
  return { engine: new OllamaEngine(settings, contexts), readiness };
}
