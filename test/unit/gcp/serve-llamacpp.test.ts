import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BOOT } from '../host/templates.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-serve-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Runs the part of `serve.sh` that brings llama.cpp up, with doubles for what stands around it.
 *
 * @param downloads what the downloader writes, run by run; the last one succeeds unless `fails`
 * @param ready whether the service is healthy at once
 * @returns what was said and called
 */
async function serve(downloads: readonly string[], { fails = false, baked = false, ready = false } = {}) {
  await writeFile(join(folder, 'runs'), downloads.map((line) => `${line}\n`).join(''));
  const ends = fails ? 1 : 0;
  const doubles = `
set -u
work=${folder} current=${folder} project=p model=m.gguf baked=${baked ? 'yes' : ''}
say() { echo "$*"; }
stage() { echo "stage: $1"; }
fail() { echo "failed: $*"; exit 1; }
pull() { echo "pull $1"; }
up() { echo "up $1"; }
ready() { echo ready; exit 0; }
healthy() { ${ready ? 'true' : 'false'}; }
setting() { echo "image-of-$1"; }
container() { echo "id-of-$1"; }
show_log() { echo "log of $1"; }
sleep() { :; }
docker() { echo "docker $*"; }
compose() {
  echo "model-downloader: compose $*" >> ${folder}/calls
  head -n 1 ${folder}/runs
  sed -i 1d ${folder}/runs
  [ -s ${folder}/runs ] && return 1
  return ${ends}
}
`;
  try {
    return execFileSync('sh', ['-c', `${doubles}\n${BOOT.serveLlamacpp}`], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

const UP = [
  'up llamacpp',
  'docker exec id-of-llamacpp curl -fsS -o /dev/null --max-time 5 http://127.0.0.1:8000/health',
];
const BEGIN = ['stage: starting the engine', 'pull image-of-LLAMA_IMAGE'];
const DOWNLOAD = 'stage: downloading the model m.gguf';

it('downloads the model before the engine starts', async () => {
  expect((await serve(['model-downloader: m.gguf is complete'])).trim().split('\n')).toEqual([
    ...BEGIN,
    DOWNLOAD,
    ...UP,
  ]);
});

it('tries again what may pass, and says why', async () => {
  const said = await serve(['model-downloader: h: connect ECONNREFUSED', 'model-downloader: m.gguf is complete']);
  expect(said.trim().split('\n')).toEqual([
    ...BEGIN,
    DOWNLOAD,
    'again: model-downloader: h: connect ECONNREFUSED',
    ...UP,
  ]);
});

it.each([
  'model-downloader: https://h/m.gguf answers 404: there is no such file; check MODEL_URL',
  'model-downloader: https://h/m.gguf tells no SHA-256 of the file: set MODEL_SHA256',
])('gives up at once what will be the same the next time: %s', async (line) => {
  const said = await serve([line, 'never'], { fails: true });
  expect(said.trim().split('\n')).toEqual([...BEGIN, DOWNLOAD, `failed: ${line}`]);
});

it('gives up after five times', async () => {
  const said = await serve(
    Array.from({ length: 9 }, () => 'model-downloader: broken'),
    { fails: true },
  );
  expect(said.match(/again:/g)).toHaveLength(4);
  expect(said.trim().split('\n').at(-1)).toBe('failed: model-downloader: broken');
});

it('on a baked image starts everything at once, and looks only where that is not enough', async () => {
  const all = [...BEGIN, 'up llamacpp', 'up service', 'stage: waiting until the model is loaded'];
  expect((await serve([], { baked: true, ready: true })).trim().split('\n')).toEqual([...all, 'ready']);
  const said = await serve(['model-downloader: m.gguf is there already'], { baked: true });
  expect(said.trim().split('\n')).toEqual([...all, DOWNLOAD, ...UP]);
});
