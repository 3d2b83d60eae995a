// As much of Docker as `serve.sh` calls, without containers: it starts the programs themselves, as the compose file and
// compose.env of the folder say. Only paths and ports are others.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { substituted } from './llama-server.ts';

const { HERE_FOLDER: folder = '', HERE_LLAMA = '', HERE_MODELS: models = '', HERE_SERVICE_PORT = '' } = process.env;
const { HERE_LLAMA_PORT: enginePort = '' } = process.env;

type Values = Record<string, string>;

const envFile = (path: string): Values =>
  Object.fromEntries(
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) =>
        line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [],
      ),
  );
const here = (text: string) =>
  text
    .replaceAll('http://llamacpp:8000', `http://127.0.0.1:${enginePort}`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${enginePort}`)
    .replaceAll(/^\/models(?=\/|$)/g, models);

function compose(file: string, service: string) {
  const values = envFile('compose.env');
  const { command, environment = {}, env_file } = parse(readFileSync(file, 'utf8'), { merge: true }).services[service];
  const env = { ...environment, ...(env_file === undefined ? {} : envFile(env_file)) };
  return {
    words: ((command ?? []) as unknown[]).map((word) => here(substituted(`${word}`, values))),
    env: Object.fromEntries(Object.entries(env).map(([name, text]) => [name, here(substituted(`${text}`, values))])),
  };
}

function run(file: string, service: string): number {
  const { env } = compose(file, service);
  const program = join('build', 'model-downloader.mjs');
  const { PATH = '' } = process.env;
  return (
    spawnSync(process.execPath, [program], { env: { PATH, ...env, MODEL_FOLDER: models }, stdio: 'inherit' }).status ??
    1
  );
}

function up(file: string, service: string): number {
  const { words, env } = compose(file, service);
  const at = words.indexOf('--port') + 1;
  const [program, ...args] =
    service === 'llamacpp'
      ? [HERE_LLAMA, ...words.with(at, enginePort)]
      : [process.execPath, join('build', 'service-b.mjs')];
  const log = openSync(join(folder, `${service}.log`), 'a');
  const own = { BIND_ADDRESS: '127.0.0.1', PORT: HERE_SERVICE_PORT, LOG_PATH: 'none' };
  const options = { detached: true, stdio: ['ignore', log, log] as ['ignore', number, number] };
  const child = spawn(program as string, args, {
    ...options,
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...env, ...(service === 'llamacpp' ? {} : own) },
  });
  closeSync(log);
  writeFileSync(join(folder, `${service}.pid`), `${child.pid}`);
  child.unref();
  return 0;
}

function main(words: readonly string[]): number {
  const [first, second] = words;
  const last = words.at(-1) ?? '';
  if (first === 'image' || second === 'version') return 0;
  if (first === 'compose') {
    const file = words[words.indexOf('-f') + 1] ?? '';
    return words.includes('run') ? run(file, last) : up(file, last);
  }
  if (first === 'ps') {
    const service = last.split('=').at(-1) ?? '';
    if (existsSync(join(folder, `${service}.pid`))) process.stdout.write(`${service}\n`);
    return 0;
  }
  if (first === 'exec') {
    const [, , program = '', ...args] = words;
    return spawnSync(program, args.map(here), { stdio: 'inherit' }).status ?? 1;
  }
  if (first === 'logs')
    return spawnSync('tail', ['-n', '15', join(folder, `${last}.log`)], { stdio: 'inherit' }).status ?? 1;
  process.stderr.write(`not here: docker ${words.join(' ')}\n`);
  return 1;
}

process.exitCode = main(process.argv.slice(2));
