import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DRAIN_SECONDS } from '../../../src/services/chain/drain.ts';
import { baseImages, engineImage, serviceSpec } from '../../../src/services/machine/service-spec.ts';
import { STOP_GRACE_SECONDS } from '../../../src/services/machine/stop.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import { COMPOSE, DOCKERFILE } from './templates.ts';

describe.each(['a', 'b'] as const)('the compose file of service %s', (name) => {
  const text = COMPOSE[name];
  const file = parse(text, { merge: true });
  const { service, ollama, llamacpp, 'model-downloader': downloader } = file.services;

  it('uses nothing that Compose 1.29 does not know', () => {
    expect(Object.keys(file).sort()).toEqual(['services', 'volumes']);
    expect(text).not.toMatch(/\$\{\w+:\+/);
    for (const each of Object.values(file.services)) {
      for (const key of ['name', 'include', 'configs', 'pull_policy', 'build', 'develop'])
        expect(each).not.toHaveProperty(key);
    }
  });

  it('runs the service without rights, within bounds, and again after a reboot', () => {
    expect(service).toMatchObject({
      read_only: true,
      init: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      stop_grace_period: `${STOP_GRACE_SECONDS}s`,
      restart: 'unless-stopped',
      ports: [`${name === 'a' ? 8001 : 8002}:8000`],
      env_file: 'service.env',
      volumes: ['logs:/logs', './token:/run/chainctl-token:ro,z', './files:/run/chainctl-files:ro,z'],
      extra_hosts: ['host.docker.internal:host-gateway'],
    });
    // It waits for its engine by itself, which may come later, or be another.
    expect(service).not.toHaveProperty('depends_on');
    expect(service).not.toHaveProperty('profiles');
    expect(service.environment.DRAIN_SECONDS).toBe(String(DRAIN_SECONDS));
    expect(service.logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
    expect(DOCKERFILE[name]).toContain('USER node');
    expect(DOCKERFILE[name]).toContain('HEALTHCHECK');
  });

  it('shows the engine to the service only, and keeps its models', () => {
    expect(ollama).not.toHaveProperty('ports');
    expect(ollama).not.toHaveProperty('network_mode');
    expect(ollama).toMatchObject({ restart: 'unless-stopped', volumes: ['models:/root/.ollama'] });
    expect(ollama.healthcheck.test[0]).toBe('CMD');
    expect(ollama.logging).toEqual(service.logging);
  });

  it('has a profile for each engine, of which each knows nothing of the other', () => {
    const profiles = Object.entries(file.services).map(([key, each]) => [key, (each as typeof service).profiles]);
    expect(Object.fromEntries(profiles)).toEqual({
      service: undefined,
      ollama: ['ollama'],
      'model-downloader': ['llamacpp'],
      llamacpp: ['llamacpp'],
    });
  });

  it('lets llama.cpp serve one file, which it can only read, to the service alone', () => {
    expect(llamacpp).toMatchObject({
      restart: 'unless-stopped',
      volumes: ['models:/models:ro'],
      depends_on: { 'model-downloader': { condition: 'service_completed_successfully' } },
      healthcheck: { interval: '10s', timeout: '5s', retries: 60 },
      read_only: true,
      cap_drop: ['ALL'],
    });
    expect(llamacpp).not.toHaveProperty('ports');
    expect(llamacpp.healthcheck.test.join(' ')).toContain('http://127.0.0.1:8000/health');
    // As it is where compose.env says nothing.
    const [image, ...words] = [llamacpp.image, ...llamacpp.command].map((each: string) =>
      each.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    );
    expect(image).toBe('ghcr.io/ggml-org/llama.cpp:server');
    const model = 'Llama-3.2-1B-Instruct-Q4_K_M.gguf';
    expect(words.join(' ')).toBe(
      `--model /models/${model} --alias ${model} --host 0.0.0.0 --port 8000 --metrics --threads 2 --parallel 2 --n-gpu-layers 0 --ctx-size 8192`,
    );
  });

  it('downloads the model with the image of the service, without rights, once', () => {
    expect(downloader).toMatchObject({
      image: service.image,
      command: ['node', '/app/model-downloader.mjs'],
      restart: 'no',
      user: '0:0',
      volumes: ['models:/models'],
      healthcheck: { disable: true },
      tmpfs: ['/logs'],
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(Object.keys(downloader.environment)).toEqual([
      'MODEL_FILE',
      'MODEL_URL',
      'MODEL_SHA256',
      'MODEL_ALLOW_UNVERIFIED',
    ]);
    expect(DOCKERFILE[name]).toContain(`COPY service-${name}.mjs model-downloader.mjs /app/`);
  });

  it('names a pinned engine, which can be another', () => {
    const templates = {
      compose: text,
      dockerfile: DOCKERFILE[name],
      bundle: Buffer.from('x'),
      downloader: Buffer.from('y'),
    };
    const spec = serviceSpec({ definition: definitionOf(name), settings: { model: 'm' } }, templates);
    expect(engineImage(spec, text)).toMatch(/^ollama\/ollama:\d+\.\d+\.\d+$/);
    expect(engineImage({ ...spec, ollamaImage: 'other:1' }, text)).toBe('other:1');
    expect(baseImages(DOCKERFILE[name])).toEqual(['node:26-bookworm-slim']);
  });
});
