import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './shell.ts';

/**
 * Copies a /var/lib/docker that no daemon uses. Layers of images never change, so links to them will do; everything else
 * is copied, also the layers that containers write to.
 *
 * @param target made here; on the same file system
 */
export async function cloneDocker(from: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o710 });
  const copied = (await readdir(from)).filter((name) => name !== 'overlay2').map((name) => join(from, name));
  await run('cp', ['--archive', ...copied, target]);
  await run('cp', ['--archive', '--link', join(from, 'overlay2'), target]);
  for (const layer of await writableLayers(from)) {
    await rm(join(target, 'overlay2', layer), { recursive: true, force: true });
    await run('cp', ['--archive', join(from, 'overlay2', layer), join(target, 'overlay2')]);
  }
}

/** Those on top of each container: what it wrote, and the files that Docker made for it. */
async function writableLayers(folder: string): Promise<string[]> {
  const mounts = join(folder, 'image/overlay2/layerdb/mounts');
  const layers: string[] = [];
  for (const container of await readdir(mounts).catch(() => [])) {
    for (const file of ['mount-id', 'init-id']) {
      const id = await readFile(join(mounts, container, file), 'utf8').catch(() => '');
      if (id !== '') layers.push(id.trim());
    }
  }
  return layers;
}
