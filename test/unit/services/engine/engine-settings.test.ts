import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEngineSettings } from '../../../../templates/services/common/engine/engine-settings.ts';
import { Env } from '../../../../templates/services/common/env.ts';

const OWN = { variable: 'OLLAMA_MODEL_A', fallback: 'tinyllama' };
const GENERATE = { numPredict: 20, numCtx: 512, temperature: 0.2 };
const read = (source: Record<string, string> = {}) => readEngineSettings(new Env(source), OWN, GENERATE);

test('defaults are the contract’s; empty values count as unset', () => {
  expect(read({ ENGINE: '', ENGINE_URL: '', OLLAMA_URL: '', MODELS: '', MODEL_NAME: '' })).toEqual({
    kind: 'ollama',
    url: 'http://ollama:11434',
    headers: {},
    model: 'tinyllama',
    timeoutMs: 120_000,
    keepAlive: '30m',
    preload: true,
    pull: true,
    retries: { count: 3, delayMs: 5000 },
    exitWithout: false,
    listed: [],
    generate: GENERATE,
    chatNumCtx: 4096,
    digest: '',
  });
});

test.each([
  [{ ENGINE_URL: 'http://e:1/v1/', OLLAMA_URL: 'http://o:2' }, 'http://e:1'],
  [{ OLLAMA_URL: 'http://o:2/', LLM_SERVICE_HOST_IP: '10.0.0.1', LLM_SERVICE_PORT: '9' }, 'http://o:2'],
  [{ LLM_SERVICE_HOST_IP: '0.0.0.0', LLM_SERVICE_PORT: '9' }, 'http://127.0.0.1:9'],
  [{ LLM_SERVICE_HOST_IP: 'fd00::1', LLM_SERVICE_PORT: '9' }, 'http://[fd00::1]:9'],
  [{ LLM_SERVICE_HOST_IP: '10.0.0.1' }, 'http://ollama:11434'],
  [{ ENGINE_URL: 'https://gateway/team/v1' }, 'https://gateway/team'],
])('%o: the engine is at %s', (source, url) => {
  expect(read(source).url).toBe(url);
});

test.each([
  [{ OLLAMA_MODEL_A: 'a', MODEL_NAME: 'n' }, 'a'],
  [{ MODEL_NAME: 'n' }, 'n'],
  [{ ENGINE: 'openai', MODEL_NAME: 'n' }, 'n'],
  [{ ENGINE: 'openai' }, ''],
])('%o: the own model is "%s"', (source, model) => {
  expect(read(source).model).toBe(model);
});

test('the key of the engine comes from a file first, goes as a bearer token, and is in no refusal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-key-'));
  const path = join(folder, 'key');
  writeFileSync(path, 'from-file\n');
  expect(read({ ENGINE_API_KEY_FILE: path, ENGINE_API_KEY: 'x' }).headers).toEqual({
    authorization: 'Bearer from-file',
  });
  expect(read({ ENGINE_API_KEY: 'x' }).headers).toEqual({ authorization: 'Bearer x' });
  expect(() => read({ ENGINE_API_KEY: 'sec ret' })).toThrow(
    /^ENGINE_API_KEY: a key is printable ASCII without spaces$/,
  );
  rmSync(folder, { recursive: true });
  expect(() => read({ ENGINE_API_KEY_FILE: path })).toThrow(`ENGINE_API_KEY_FILE: "${path}" cannot be read (ENOENT)`);
});

test.each([
  [{ ENGINE: 'vllm' }, 'ENGINE: "vllm" is neither "ollama" nor "openai"'],
  [{ ENGINE_URL: 'ftp://x' }, 'ENGINE_URL: "ftp://x" is not an http:// or https:// URL'],
  [{ OLLAMA_URL: 'ollama:11434' }, 'OLLAMA_URL: "ollama:11434" is not an http:// or https:// URL'],
  [{ OLLAMA_URL: 'http://user:secret@o' }, /^OLLAMA_URL: a URL with a name or a password is not used(?!.*secret)/],
  [{ LLM_SERVICE_HOST_IP: 'h', LLM_SERVICE_PORT: 'x' }, 'LLM_SERVICE_HOST_IP, LLM_SERVICE_PORT: "http://h:x" is not'],
  [{ KEEP_ALIVE_MODEL: 'soon' }, 'KEEP_ALIVE_MODEL: "soon" is not a duration'],
  [{ PRELOAD: 'maybe' }, 'PRELOAD: "maybe" is neither true nor false'],
  [{ CONNECTION_RETRY_COUNT: '0' }, 'CONNECTION_RETRY_COUNT: "0" is below the minimum 1'],
])('%o is refused by name and value', (source, message) => {
  expect(() => read(source)).toThrow(message);
});

test('MODELS is a list by commas', () => {
  expect(read({ MODELS: ' a , b:c,,' }).listed).toEqual(['a', 'b:c']);
});
