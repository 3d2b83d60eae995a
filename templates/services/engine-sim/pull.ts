import type { ServerResponse } from 'node:http';
import {
  canonicalModelName,
  type ModelName,
  parseModelName,
  shortModelName,
} from '../../../src/services/chain/model-name.ts';
import { EngineError } from './engine-error.ts';
import { familyOf } from './families.ts';
import type { Fields } from './go-types.ts';
import { BARE_JSON_TYPE, sendJson, startLines } from './http.ts';
import type { ModelStore } from './models.ts';
import type { SimSettings } from './settings.ts';

const STEPS = 10;

/**
 * `POST /api/pull`: progress in steps over the configured time, then the model is there. What the registry does not have
 * fails as in Ollama: as a line of the stream, or with 500 for a caller who wants one answer.
 */
export function pullModel(models: ModelStore, request: Fields, settings: SimSettings, outgoing: ServerResponse): void {
  const name = parseModelName((request.model || request.name || '') as string);
  if (!name) throw new EngineError(400, 'invalid model name');
  const streamed = request.stream !== false;
  const writeLine = streamed ? startLines(outgoing) : () => {};
  writeLine({ status: 'pulling manifest' });
  if (!has(settings.registry, name)) {
    const failure = { error: 'pull model manifest: file does not exist' };
    writeLine(failure);
    if (streamed) outgoing.end();
    else sendJson(outgoing, 500, failure, BARE_JSON_TYPE);
    return;
  }
  const { size } = familyOf(shortModelName(name));
  // Told before the model is there.
  const digest = Buffer.from(shortModelName(name)).toString('hex').padEnd(64, '0').slice(0, 64);
  let step = 0;
  const next = () => {
    step++;
    const completed = Math.round((size * step) / STEPS);
    writeLine({ status: `pulling ${digest.slice(0, 12)}`, digest: `sha256:${digest}`, total: size, completed });
    if (step < STEPS) {
      timer = setTimeout(next, settings.pullMs / STEPS);
      return;
    }
    models.add(name);
    for (const status of ['verifying sha256 digest', 'writing manifest', 'success']) writeLine({ status });
    if (streamed) outgoing.end();
    else sendJson(outgoing, 200, { status: 'success' }, BARE_JSON_TYPE);
  };
  let timer = setTimeout(next, settings.pullMs / STEPS);
  outgoing.once('close', () => clearTimeout(timer));
}

function has(registry: readonly string[] | undefined, name: ModelName): boolean {
  return registry === undefined || registry.map(canonicalModelName).includes(shortModelName(name).toLowerCase());
}
