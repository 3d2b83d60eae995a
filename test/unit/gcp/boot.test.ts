import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HostSessions } from '../../../src/services/machine/sessions.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import { readSecret } from '../../../src/services/stack/secrets.ts';
import { bootOf } from '../../../src/services/targets/gcp/boot/boot.ts';
import { bootOfService, imageHash, publicImage } from '../../../src/services/targets/gcp/boot/content.ts';
import { checkMetadata } from '../../../src/services/targets/gcp/boot/metadata.ts';
import type { BootInput } from '../../../src/services/targets/gcp/boot-source.ts';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import { GCP_REQUEST } from '../../support/gcp-request.ts';
import { BOOT, COMPOSE, DOCKERFILE } from '../host/templates.ts';

const TOKEN = 'sentinel-token-0123456789';
const service = (name: 'a' | 'b') => ({
  compose: COMPOSE[name],
  dockerfile: DOCKERFILE[name],
  bundle: Buffer.from('the service'),
  downloader: Buffer.from('the downloader'),
});
const TEMPLATES = { boot: BOOT, services: { a: service('a'), b: service('b') } };
const asked = (settings: object) => ({ services: { b: { model: 'phi3:mini', ...settings } } });

let home: string;
let paths: StackPaths;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chainctl-boot-'));
  paths = stackPaths(home, 'demo');
});
afterAll(() => rm(home, { recursive: true, force: true }));

const boot = (
  request: Partial<BootInput['request']> = {},
  input: Partial<BootInput> = {},
  templates: typeof TEMPLATES = TEMPLATES,
) => {
  const compute = { project: 'p', zone: 'europe-west3-c', newId: () => 'id' } as unknown as Compute;
  const owner = { stack: 'demo', createdBy: 'me@here' };
  const rest = { owner, zone: 'europe-west3-c', token: TOKEN, make: true };
  return bootOf(
    { request: { ...GCP_REQUEST, ...request }, ...rest, ...input },
    { compute, paths, templates, sessions: new HostSessions() },
  );
};

describe('metadata of a VM without an image', () => {
  it('has everything that the startup script reads', async () => {
    const { source, desired } = await boot();
    expect(desired).toEqual([]);
    expect(source.image).toBe('projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64');
    const read = [...BOOT.serve.matchAll(/\b(?:attribute|needed) "?([a-z$-]+)/g)].map(([, name]) => name);
    const expected = read.flatMap((name) => (name === '$name-env' ? ['compose-env', 'service-env'] : [name]));
    for (const name of expected) if (name !== '$') expect(source.metadata).toHaveProperty([`chainctl-${name}`]);
    expect(source.metadata['startup-script']).toBe(bootOfService(BOOT, definitionOf('b')).serve);
    expect(source.metadata['chainctl-token']).toBe(TOKEN);
    expect(source.metadata['chainctl-service-env']).toContain('OLLAMA_MODEL=phi3:mini\n');
  });

  it('has the release as an archive that tar reads, in which nothing is secret', async () => {
    const { source } = await boot();
    const archive = Buffer.from(source.metadata['chainctl-release'] ?? '', 'base64');
    const names = execFileSync('tar', ['-tzf', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual([
      'compose.yaml',
      'files/',
      'build/Dockerfile',
      'build/service-b.mjs',
      'build/model-downloader.mjs',
    ]);
    const bundle = execFileSync('tar', ['-xzOf', '-', 'build/service-b.mjs'], { input: archive, encoding: 'utf8' });
    expect(bundle).toBe('the service');
    expect((await boot()).source.metadata).toEqual(source.metadata);
  });

  it('lets the operator in with one pinned host key, and nobody of the project', async () => {
    const { source } = await boot();
    const { 'user-data': text = '', 'block-project-ssh-keys': blocked } = source.metadata;
    const parsed = parse(text);
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    expect(parsed.ssh_authorized_keys).toEqual([await readSecret(paths, 'ssh-key.pub')]);
    expect(parsed.ssh_keys.ed25519_public).toBe(await readSecret(paths, 'host-key-b.pub'));
    // Google's agent would make another host key.
    expect(text).toContain('set_host_keys = false');
    expect(blocked).toBe('TRUE');
  });

  it('says of a value that is too large for Compute Engine how large it is', async () => {
    // Nothing that could be compressed.
    const bundle = Buffer.concat(Array.from({ length: 8000 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
    const b = { ...TEMPLATES.services.b, bundle };
    await expect(boot({}, {}, { ...TEMPLATES, services: { ...TEMPLATES.services, b } })).rejects.toMatchObject({
      code: 'metadata-size',
      exit: 2,
      message: expect.stringMatching(/chainctl-release has \d{6} bytes, and a value has at most 262144/),
    });
    const full = 'x'.repeat(256 * 1024);
    expect(() => checkMetadata({ a: full, b: full })).toThrow(/all of it has at most 524288/);
    expect(() => checkMetadata({ a: full })).not.toThrow();
  });

  it('without a token holds none', async () => {
    const { source } = await boot({ auth: 'none' }, { token: undefined });
    expect(source.metadata).not.toHaveProperty(['chainctl-token']);
    expect(source.metadata['chainctl-service-env']).not.toContain('AUTH_TOKEN');
  });
});

describe('the settings of a VM', () => {
  it('give a chat less time than the load balancer, and never more than ten minutes', async () => {
    for (const [requestSeconds, expected] of [
      [180, 175],
      [3600, 600],
      [3, 1],
    ] as const) {
      const { source } = await boot({ requestSeconds });
      expect(source.metadata['chainctl-service-env']).toContain(`CHAT_TIMEOUT_SECONDS=${expected}\n`);
    }
  });
});

describe('a group with llama.cpp', () => {
  const download = { url: 'https://models.example/m.gguf', sha256: 'a'.repeat(64) };
  const llama = { llama: {}, services: { b: { model: 'm.gguf', download } } };

  it('has a startup script that downloads the file, and nothing of Ollama', async () => {
    const { source } = await boot(llama);
    const { 'startup-script': script = '', 'chainctl-compose-env': env } = source.metadata;
    execFileSync('sh', ['-n'], { input: script });
    expect(script).toContain('run --rm -T --no-deps');
    expect(script).not.toMatch(/ollama|\{\{engine/);
    expect(env).toContain('MODEL_URL=https://models.example/m.gguf\n');
    expect(source.metadata['chainctl-service-env']).toContain('ENGINE=openai\n');
    const [own] = [bootOfService(BOOT, definitionOf('b')).serve];
    expect(own).not.toMatch(/llamacpp|\{\{engine/);
  });

  it('has an image of its own for each engine, file and checksum', () => {
    const of = (more: object) => imageHash({ ...GCP_REQUEST, ...llama, ...more }, TEMPLATES);
    const hashes = [
      imageHash(GCP_REQUEST, TEMPLATES),
      of({}),
      of({ llama: { image: 'x:1' } }),
      of({ services: { b: { model: 'other.gguf', download } } }),
      of({ services: { b: { model: 'm.gguf', download: { ...download, sha256: 'b'.repeat(64) } } } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(of({ services: { b: { model: 'm.gguf', download, tuning: { concurrency: 4 } } } })).toBe(of({}));
  });
});

describe('a baked image', () => {
  it('is named by its content, and its VMs get the settings only', async () => {
    const { source, desired } = await boot({ bake: true });
    const hash = imageHash(GCP_REQUEST, TEMPLATES);
    expect(source.image).toBe(`projects/p/global/images/chainctl-demo-image-${hash}`);
    expect(desired.map(({ resource }) => [resource.key, resource.dependsOn])).toEqual([
      [`image-${hash}`, ['firewall-ssh', 'firewall-rest']],
    ]);
    expect(Object.keys(source.metadata)).not.toContain('chainctl-release');
    expect(Object.keys(source.metadata)).not.toContain('startup-script');
    expect(source.metadata['chainctl-token']).toBe(TOKEN);
    expect(JSON.stringify(desired.map(({ spec }) => spec))).not.toContain(TOKEN);
  });

  it('is another one for another content, and for no setting', () => {
    const hash = imageHash(GCP_REQUEST, TEMPLATES);
    const services = (b: Partial<(typeof TEMPLATES)['services']['b']>) => ({
      ...TEMPLATES,
      services: { ...TEMPLATES.services, b: { ...TEMPLATES.services.b, ...b } },
    });
    const others = [
      imageHash({ ...GCP_REQUEST, services: { b: { model: 'tinyllama' } } }, TEMPLATES),
      imageHash({ ...GCP_REQUEST, ollamaImage: 'ollama/ollama:9' }, TEMPLATES),
      imageHash({ ...GCP_REQUEST, diskGb: 50 }, TEMPLATES),
      imageHash({ ...GCP_REQUEST, type: 't2a-standard-4' }, TEMPLATES),
      imageHash(GCP_REQUEST, services({ bundle: Buffer.from('new code') })),
      imageHash(GCP_REQUEST, services({ compose: `${COMPOSE.b}#` })),
      imageHash(GCP_REQUEST, services({ dockerfile: `${DOCKERFILE.b}#` })),
      imageHash(GCP_REQUEST, { ...TEMPLATES, boot: { ...BOOT, serve: `${BOOT.serve}#` } }),
    ];
    expect(new Set([hash, ...others]).size).toBe(others.length + 1);
    expect(
      imageHash({ ...GCP_REQUEST, ...asked({ minProcessSeconds: 1, tuning: { concurrency: 4 } }) }, TEMPLATES),
    ).toBe(hash);
  });

  it('is booted by another template when a setting or the token changes', async () => {
    const hashes = [
      await boot({ bake: true }),
      await boot({ bake: true, ...asked({ minProcessSeconds: 1 }) }),
      await boot({ bake: true, ...asked({ tuning: { concurrency: 4 } }) }),
      await boot({ bake: true }, { token: 'another-token-0123456789' }),
      await boot({ bake: true, services: { b: { model: 'tinyllama' } } }),
      await boot({ bake: false }),
    ].map(({ source }) => source.hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect((await boot({ bake: true })).source.hash).toBe(hashes[0]);
  });

  it('makes no keys for a plan', async () => {
    const other = stackPaths(home, 'fresh');
    const compute = { project: 'p', zone: 'z', newId: () => 'id' } as unknown as Compute;
    const input = { request: GCP_REQUEST, owner: { stack: 'fresh', createdBy: '' }, zone: 'z' };
    const deps = { compute, paths: other, templates: TEMPLATES, sessions: new HostSessions() };
    const { source } = await bootOf({ ...input, token: undefined, make: false }, deps);
    expect(source.metadata).not.toHaveProperty(['user-data']);
    await expect(readFile(join(other.folder, 'secrets', 'ssh-key'))).rejects.toThrow();
  });
});

describe('the public image', () => {
  it('is for the architecture of the type', () => {
    expect(publicImage('t2a-standard-4')).toMatch(/arm64$/);
    expect(publicImage('c4a-highcpu-2')).toMatch(/arm64$/);
    expect(publicImage('n2-standard-2')).toMatch(/amd64$/);
  });
});
