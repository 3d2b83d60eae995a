import { readApiSettings } from '../common/api/settings.ts';
import { readEngineSettings } from '../common/engine/engine-settings.ts';
import type { Env } from '../common/env.ts';
import { readCommonSettings, readModelSettings } from '../common/service-settings.ts';

/** All that B reads from its environment: what a deploy may set of it is what is read here. */
export function readSettingsB(env: Env) {
  const { promptChars, ...generate } = readModelSettings(env, { promptChars: 1200, numPredict: 40, numCtx: 1024 });
  return {
    settings: readCommonSettings(env, { minProcessSeconds: 5 }),
    api: readApiSettings(env),
    promptChars,
    generate,
    engineSettings: readEngineSettings(env, { variable: 'OLLAMA_MODEL', fallback: 'phi3:mini' }, generate),
  };
}
