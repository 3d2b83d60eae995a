import { readApiSettings } from '../common/api/settings.ts';
import { readEngineSettings } from '../common/engine/engine-settings.ts';
import type { Env } from '../common/env.ts';
import { readCommonSettings, readModelSettings } from '../common/service-settings.ts';
import { readHistorySettings } from './history/settings.ts';
import { readRemoteB } from './remotes.ts';

/** All that A reads from its environment, but for its graph: what a deploy may set of it is what is read here. */
export function readSettingsA(env: Env) {
  const settings = readCommonSettings(env, { minProcessSeconds: 0 });
  const { promptChars, ...defaults } = readModelSettings(env, { promptChars: 700, numPredict: 20, numCtx: 512 });
  return {
    settings,
    api: readApiSettings(env),
    promptChars,
    defaults,
    engineSettings: readEngineSettings(env, { variable: 'OLLAMA_MODEL_A', fallback: 'tinyllama' }, defaults),
    remoteWindow: env.integer('REMOTE_WINDOW', 256, { min: 1, max: 100_000 }),
    b: readRemoteB(env),
    history: readHistorySettings(env, settings.logPath),
  };
}
