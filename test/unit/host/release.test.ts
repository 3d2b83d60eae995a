import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Tuning } from '../../../src/services/chain/tuning.ts';
import { causeOfDeath, readContainer } from '../../../src/services/machine/container.ts';
import { engineThere } from '../../../src/services/machine/engines/engines.ts';
import { readDownloader } from '../../../src/services/machine/engines/llamacpp.ts';
import { readObservation } from '../../../src/services/machine/observe-service.ts';
import { OutputCollector } from '../../../src/services/machine/output.ts';
import { noteLayer, releaseFiles, removeScript } from '../../../src/services/machine/release.ts';
import { contentHash, envFile, imageOf, serviceSpec } from '../../../src/services/machine/service-spec.ts';
import { readCutOff } from '../../../src/services/machine/stop.ts';
import { httpBase, parseSshAddress } from '../../../src/services/targets/host/ssh-address.ts';
import { b } from '../../../src/services/workloads/b.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import type { LlamaEngine } from '../../../src/services/workloads/llama.ts';
import { COMPOSE, DOCKERFILE } from './templates.ts';

const templates = {
  compose: COMPOSE.a,
  dockerfile: DOCKERFILE.a,
  bundle: Buffer.from('code'),
  downloader: Buffer.from('more'),
};
const settings = {
  definition: definitionOf('a'),
  settings: { model: 'tinyllama' },
  links: { b: 'http://b:8002' },
  token: 'sentinel-token',
};
const spec = serviceSpec(settings, templates);

const specOfLlama = (tuning?: Tuning, llama: LlamaEngine = {}) => {
  const download = { url: 'https://models.example/m.gguf' };
  return serviceSpec(
    { ...settings, settings: { model: 'm.gguf', download, tuning }, llama, token: undefined },
    templates,
  );
};
const llamaSpec = specOfLlama();
const contentOf = (each: typeof spec, path: string) =>
  releaseFiles({ stack: 's', spec: each, templates, token: undefined }).find((file) => file.path === path)?.content;

describe('a specification', () => {
  it('holds the settings of the service and no secret', () => {
    expect(spec.env).toEqual({
      OLLAMA_MODEL_A: 'tinyllama',
      REMOTE_B_URL: 'http://b:8002/invoke',
      MAX_CONCURRENCY: '1',
    });
    expect(JSON.stringify(spec)).not.toContain('sentinel');
    expect(
      serviceSpec({ definition: b, settings: b.settings.parse({ model: 'm', minProcessSeconds: 0.2 }) }, templates).env,
    ).toEqual({
      OLLAMA_MODEL: 'm',
      MIN_PROCESS_SECONDS: '0.2',
      MAX_CONCURRENCY: '1',
    });
  });

  it('has a hash that changes with everything that is wanted, and with nothing else', () => {
    const hash = contentHash(spec);
    const changed = [
      serviceSpec({ ...settings, settings: { model: 'other' } }, templates),
      serviceSpec({ ...settings, links: { b: 'http://c:8002' } }, templates),
      serviceSpec({ ...settings, token: 'another' }, templates),
      serviceSpec({ ...settings, ollamaImage: 'x:1' }, templates),
      serviceSpec({ ...settings, settings: { model: 'tinyllama', tuning: { numCtx: 2048 } } }, templates),
      serviceSpec(settings, { ...templates, bundle: Buffer.from('new code') }),
      serviceSpec(settings, { ...templates, downloader: Buffer.from('new code') }),
      serviceSpec(settings, { ...templates, compose: 'x' }),
    ].map(contentHash);
    expect(new Set([hash, ...changed]).size).toBe(9);
    expect(contentHash({ ...spec, env: Object.fromEntries(Object.entries(spec.env).reverse()) })).toBe(hash);
  });

  it('has the variables that were set, and of secrets no more than where they are', () => {
    const secret = { name: '.HISTORY_URL', content: Buffer.from('postgres://u:sentinel@h/d') };
    const files = { files: [secret], env: (folder: string) => ({ HISTORY_URL_FILE: `${folder}/.HISTORY_URL` }) };
    const own = { ...settings.settings, set: { HISTORY: 'on', CORS_ORIGINS: 'https://x.example' } };
    const set = serviceSpec({ ...settings, settings: own }, { ...templates, files });
    expect(set.env).toEqual({
      ...spec.env,
      HISTORY: 'on',
      CORS_ORIGINS: 'https://x.example',
      HISTORY_URL_FILE: '/run/chainctl-files/.HISTORY_URL',
    });
    const pushed = releaseFiles({ stack: 's', spec: set, templates: { ...templates, files }, token: undefined });
    const where = pushed.filter(({ content }) => content.toString().includes('sentinel')).map(({ path }) => path);
    expect(where).toEqual(['files/.HISTORY_URL']);
    expect(JSON.stringify(set)).not.toContain('sentinel');
    expect(imageOf(set)).toBe(imageOf(spec));
    expect(contentHash(set)).not.toBe(contentHash(spec));
  });

  it('refuses at once what no env file can carry', () => {
    const own = { ...settings.settings, set: { MODELS: 'a b' } };
    expect(() => serviceSpec({ ...settings, settings: own }, templates)).toThrow('the value of MODELS has a character');
  });

  it('needs a new image for new code only', () => {
    expect(imageOf(serviceSpec({ ...settings, settings: { model: 'other' } }, templates))).toBe(imageOf(spec));
    expect(imageOf(serviceSpec(settings, { ...templates, bundle: Buffer.from('new') }))).not.toBe(imageOf(spec));
  });
});

describe('a release', () => {
  const files = new Map(releaseFiles({ stack: 's', spec, templates, token: 'sentinel-token' }).map((f) => [f.path, f]));

  it('has the token in one file of its own, not among the variables that Docker keeps', () => {
    const holders = [...files.values()].filter(({ content }) => content.toString().includes('sentinel-token'));
    expect(holders.map(({ path, mode }) => [path, mode])).toEqual([['token', 0o444]]);
    expect(files.get('service.env')?.content).toContain('AUTH_TOKEN_FILE=/run/chainctl-token\n');
    expect(COMPOSE.a).toContain('./token:/run/chainctl-token:ro');
    const open = new Map(
      releaseFiles({ stack: 's', spec, templates, token: undefined }).map((f) => [f.path, f.content]),
    );
    expect([open.get('token'), String(open.get('service.env')).includes('AUTH_TOKEN')]).toEqual(['', false]);
  });

  it('has everything that Compose and the build need', () => {
    expect([...files.keys()].sort()).toEqual([
      'build/Dockerfile',
      'build/model-downloader.mjs',
      'build/service-a.mjs',
      'compose.env',
      'compose.yaml',
      'files/',
      'service.env',
      'token',
    ]);
    const named = (pattern: RegExp) => [...COMPOSE.a.matchAll(pattern)].map(([, name]) => name);
    // What has no default there, and what is of the engine.
    const needed = [...named(/\$\{(\w+)\}/g), 'OLLAMA_IMAGE', 'ENGINE_SLOTS'];
    for (const name of needed.filter((each) => each !== 'MACHINE_NAME'))
      expect(files.get('compose.env')?.content).toContain(`${name}=`);
    const llama = String(contentOf(llamaSpec, 'compose.env'));
    const ofLlama = named(/\$\{(\w+):-/g).filter((name = '') => /^(LLAMA_|MODEL_)/.test(name));
    const left = ['LLAMA_GPU_LAYERS', 'LLAMA_THREADS', 'MODEL_ALLOW_UNVERIFIED'];
    for (const name of ofLlama.filter((each = '') => !left.includes(each))) expect(llama).toContain(`${name}=`);
  });

  it('gives the engine as many slots as the service has places', () => {
    const four = serviceSpec(
      { ...settings, settings: { model: 'tinyllama', tuning: { concurrency: 4, numPredict: 9 } } },
      templates,
    );
    const of = (each: typeof spec) =>
      new Map(releaseFiles({ stack: 's', spec: each, templates, token: undefined }).map((f) => [f.path, f.content]));
    expect(of(spec).get('compose.env')).toContain('ENGINE_SLOTS=1\n');
    expect(of(four).get('compose.env')).toContain('ENGINE_SLOTS=4\n');
    expect(of(four).get('service.env')).toContain('MAX_CONCURRENCY=4\nNUM_PREDICT=9\n');
    expect(COMPOSE.a).toMatch(/OLLAMA_NUM_PARALLEL: \$\{ENGINE_SLOTS:-1\}/);
  });

  it('gives llama.cpp a file, its address and a context for all slots, and tells the service to ask it', () => {
    const lines = (path: string) => String(contentOf(llamaSpec, path)).trim().split('\n');
    expect(lines('compose.env')).toEqual([
      expect.stringMatching(/^SERVICE_IMAGE=/),
      'STACK=s',
      expect.stringMatching(/^CONTENT_HASH=/),
      'LLAMA_IMAGE=ghcr.io/ggml-org/llama.cpp:server',
      'LLAMA_PARALLEL=2',
      'LLAMA_CTX_SIZE=4096',
      'LLAMA_TOTAL_CTX_SIZE=8192',
      'MODEL_FILE=m.gguf',
      'MODEL_URL=https://models.example/m.gguf',
      'MODEL_SHA256=',
      expect.stringMatching(/^MODEL_ID=[0-9a-f]{16}$/),
    ]);
    expect(lines('service.env')).toEqual([
      'OLLAMA_MODEL_A=m.gguf',
      'REMOTE_B_URL=http://b:8002/invoke',
      'MAX_CONCURRENCY=2',
      'ENGINE=openai',
      'ENGINE_URL=http://llamacpp:8000',
      'CHAT_NUM_CTX=4096',
    ]);
    const tuned = specOfLlama({ concurrency: 3, numCtx: 1000 }, { image: 'x:1', threads: 8 });
    const env = String(contentOf(tuned, 'compose.env'));
    for (const line of ['LLAMA_IMAGE=x:1', 'LLAMA_PARALLEL=3', 'LLAMA_TOTAL_CTX_SIZE=3000', 'LLAMA_THREADS=8'])
      expect(env).toContain(`${line}\n`);
    expect(String(contentOf(tuned, 'service.env'))).toContain('MAX_CONCURRENCY=3\n');
    expect(new Set([contentHash(llamaSpec), contentHash(tuned), contentHash(spec)]).size).toBe(3);
  });

  it('refuses a value that the two Composes read differently, without showing it', () => {
    for (const value of ['a b', 'a$b', '"a"', "it's", 'a#b', 'a\nb', 'ä']) {
      expect(() => envFile({ NAME: value })).toThrow(/NAME/);
      expect(() => envFile({ NAME: value })).not.toThrow(value);
    }
  });
});

describe('the end of a service', () => {
  it('comes before that of its engine, and after what is in flight', () => {
    const script = removeScript('b');
    const [service, engine] = [...script.matchAll(/docker stop -t (\d+)/g)];
    expect(service?.[1]).toBe('190');
    expect(script.indexOf('service=service')).toBeLessThan(service?.index ?? 0);
    expect(service?.index).toBeLessThan(engine?.index ?? 0);
  });

  it('says what it has cut off', () => {
    const log = 'service-b: SIGTERM: draining, 2 in flight, at most 180 s\n';
    const end = 'service-b: 2 requests did not finish in time and are cut off\n';
    expect([readCutOff(end), readCutOff(log), readCutOff('')]).toEqual([2, 0, 0]);
    const source = readFileSync(new URL('../../../templates/services/common/run-service.ts', import.meta.url), 'utf8');
    expect(source).toContain('} requests did not finish in time and are cut off`');
  });
});

describe('what a machine says of a service', () => {
  const manifest = { stack: 's', service: 'a', hash: 'h', image: 'i', model: 'm', verified: true };

  it('is read into containers and manifest', () => {
    const output = `${JSON.stringify(manifest)}\n-- containers --\nfolder\nservice|h|s|running\nollama|||exited\nchainctl-service-a_logs\n`;
    expect(readObservation(output, '192.0.2.1')).toEqual({
      manifest,
      address: '192.0.2.1',
      containers: {
        service: { hash: 'h', stack: 's', state: 'running' },
        ollama: { hash: '', stack: '', state: 'exited' },
      },
    });
  });

  it('names the engine that is there, whichever it is', () => {
    const { containers } =
      readObservation('\n-- containers --\nllamacpp|||running\nmodel-downloader|||exited\n', 'x') ?? {};
    expect(containers).toEqual({ llamacpp: { hash: '', stack: '', state: 'running' } });
    const there = (engine?: 'ollama' | 'llamacpp') => engineThere({ model: 'm', ...(engine && { engine }) })?.name;
    // A manifest of an earlier version names none.
    expect([there('llamacpp'), there('ollama'), there()]).toEqual(['llamacpp', 'ollama', 'ollama']);
    expect(engineThere({})).toBeUndefined();
  });

  it('is nothing when nothing is there, and something when only a volume is left', () => {
    expect(readObservation('\n-- containers --\n', 'x')).toBeUndefined();
    expect(readObservation('\n-- containers --\nchainctl-service-a_logs\n', 'x')).toBeDefined();
  });

  it('has no manifest when that is damaged, so that the service is deployed again', () => {
    expect(readObservation('{"stack":\n-- containers --\nfolder\n', 'x')).toEqual({ containers: {}, address: 'x' });
  });
});

describe('an address', () => {
  it('is user@address with an optional port', () => {
    expect(parseSshAddress('ubuntu@192.0.2.1')).toEqual({ user: 'ubuntu', address: '192.0.2.1', port: 22 });
    expect(parseSshAddress('me@host.example:2222')).toEqual({ user: 'me', address: 'host.example', port: 2222 });
    expect(parseSshAddress('me@[2001:db8::1]:2222')).toEqual({ user: 'me', address: '2001:db8::1', port: 2222 });
    for (const text of ['host', '@host', 'me@', 'me@host:0', 'me@host:99999', 'me@-oProxyCommand=x', 'me@a b']) {
      expect(() => parseSshAddress(text)).toThrow(/is not a machine's address/);
    }
    expect(httpBase('2001:db8::1', 8001)).toBe('http://[2001:db8::1]:8001');
  });
});

describe('output', () => {
  it('is split into lines across chunks and streams, with carriage returns as ends', () => {
    const lines: string[] = [];
    const output = new OutputCollector((line) => void lines.push(line));
    output.write('stdout', Buffer.from('one\ntw'));
    output.write('stderr', Buffer.from('10 %\r20 %\r'));
    output.write('stdout', Buffer.from('o\n\nlast'));
    output.end();
    expect(lines).toEqual(['one', '10 %', '20 %', 'two', 'last']);
    expect(output.text).toBe('one\ntwo\n\nlast');
  });

  it('of docker pull is read as layers', () => {
    const layers = new Map<string, boolean>();
    const said = [
      'latest: Pulling from library/node',
      'aaaaaaaaaaaa: Pulling fs layer',
      'bbbbbbbbbbbb: Already exists',
      'aaaaaaaaaaaa: Pull complete',
      'Digest: sha256:0',
    ].map((line) => noteLayer(layers, line));
    expect(said).toEqual([false, true, true, true, false]);
    expect([...layers.values()]).toEqual([true, true]);
  });
});

describe('the downloader of a model', () => {
  it('is read as progress, or as what it says', () => {
    const lines = [
      'model-downloader: 412 of 808 MB (51 %), 9.8 MB/s',
      'model-downloader: x.gguf is there already',
      'Creating network "x"',
    ];
    expect(lines.map(readDownloader)).toEqual([{ done: 412e6, total: 808e6 }, 'x.gguf is there already', undefined]);
  });
});

describe('a container', () => {
  it('is waited for while it may still come up, and not once it dies again and again', () => {
    const running = readContainer('running 0 0 172.18.0.2 \n');
    expect(running).toEqual({ state: 'running', restarts: 0, exitCode: 0, address: '172.18.0.2' });
    expect(running && causeOfDeath(running)).toBeUndefined();
    const restarting = readContainer('restarting 3 7 \n');
    expect(restarting && causeOfDeath(restarting)).toContain('exit code 7');
    expect(readContainer('\n')).toBeUndefined();
  });
});
