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
  const { service, ollama } = file.services;

  it('uses nothing that Compose 1.29 does not know', () => {
    expect(Object.keys(file).sort()).toEqual(['services', 'volumes']);
    expect(text).not.toMatch(/\$\{\w+:\+/);
    for (const each of [service, ollama]) {
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
      volumes: ['logs:/logs', './token:/run/chainctl-token:ro,z'],
      extra_hosts: ['host.docker.internal:host-gateway'],
      depends_on: { ollama: { condition: 'service_healthy' } },
    });
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

  it('names a pinned engine, which can be another', () => {
    const templates = { compose: text, dockerfile: DOCKERFILE[name], bundle: Buffer.from('x') };
    const spec = serviceSpec({ definition: definitionOf(name), settings: { model: 'm' } }, templates);
    expect(engineImage(spec, text)).toMatch(/^ollama\/ollama:\d+\.\d+\.\d+$/);
    expect(engineImage({ ...spec, ollamaImage: 'other:1' }, text)).toBe('other:1');
    expect(baseImages(DOCKERFILE[name])).toEqual(['node:26-bookworm-slim']);
  });
});
