import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingsReport } from '../../../templates/services/common/settings-report.ts';
import { readSettingsA } from '../../../templates/services/service-a/settings.ts';
import { readSettingsB } from '../../../templates/services/service-b/settings.ts';

const SERVICES = join(import.meta.dirname, '../../../templates/services');
/** They are of the graph, and a deploy sets them itself. */
const OF_THE_GRAPH = ['CHAIN_FILE', 'CHAIN_VARIABLES_FILE', 'INDEX_DIR'];

/** The names that stand in the sources beside a reading call: `env.text('NAME'`, `readUrls(env, 'NAME'`. */
function namesIn(...folders: readonly string[]): string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(SERVICES, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(SERVICES, folder, name), 'utf8')),
  );
  const calls = /\benv\s*\.(?:text|raw|number|integer|flag|secret|url)\('([A-Z0-9_]+)'|\(env, '([A-Z0-9_]+)'/g;
  const names = files.flatMap((text) => [...text.matchAll(calls)].map(([, one, other]) => one ?? other ?? ''));
  return [...new Set(names)].sort();
}

it.each([
  ['A', ['common', 'service-a'], readSettingsA],
  ['B', ['common', 'service-b'], readSettingsB],
] as const)('%s tells every variable that its sources read', (_, folders, read) => {
  const { reads } = settingsReport(read, {});
  const own = namesIn(...folders).filter((name) => !OF_THE_GRAPH.includes(name));
  expect(own.length).toBeGreaterThan(30);
  expect(own.filter((name) => !reads.includes(name))).toEqual([]);
});

it('tells each once, also those that another one would stand in for', () => {
  const { reads } = settingsReport(readSettingsA, { HISTORY_URL_FILE: '/nowhere', ENGINE_URL: 'http://x' });
  for (const name of ['HISTORY_URL', 'HISTORY_URL_FILE', 'AUTH_TOKEN', 'OLLAMA_URL', 'MODEL_NAME', 'PORT']) {
    expect(reads.filter((each) => each === name)).toEqual([name]);
  }
  expect(reads).not.toContain('SIM_MODELS');
});

it('says why values cannot be used', () => {
  expect(settingsReport(readSettingsA, { HISTORY: 'off', CORS_ORIGINS: '*' })).not.toHaveProperty('fault');
  expect(settingsReport(readSettingsA, { CORS_ORIGINS: 'example.org' }).fault).toMatch(/^CORS_ORIGINS: "example.org"/);
  expect(settingsReport(readSettingsB, { CHAT_NUM_CTX: 'x' }).fault).toMatch(/^CHAT_NUM_CTX: "x" is not a whole/);
});
