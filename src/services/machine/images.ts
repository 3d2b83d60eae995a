import { shellWord } from '../words.ts';
import type { Step } from './host-resource.ts';
import type { HostSession } from './session.ts';

/** A download that has not ended by then is stuck or hopeless, seconds. */
const PULL_SECONDS = 3600;

/** Pulls an image unless the machine has it, with progress by layer. */
export async function ensureImage(session: HostSession, image: string, { key, emit, signal }: Step): Promise<void> {
  const layers = new Map<string, boolean>();
  const onLine = (line: string) => {
    if (!noteLayer(layers, line)) return;
    const done = [...layers.values()].filter(Boolean).length;
    emit({ type: 'progress', key, label: `image ${image}`, done, total: layers.size, unit: 'layers' });
  };
  const name = shellWord(image);
  await session.exec(`docker image inspect ${name} >/dev/null 2>&1 || docker pull ${name}`, {
    what: `pulling the image ${image}`,
    timeoutSeconds: PULL_SECONDS,
    onLine,
    signal,
  });
}

/** Reads a line of `docker pull` without a terminal: `1a2b3c4d5e6f: Pull complete`. @returns whether it told anything */
export function noteLayer(layers: Map<string, boolean>, line: string): boolean {
  const [, layer, what] = /^([0-9a-f]{12}): (.+)$/.exec(line) ?? [];
  if (layer === undefined || what === undefined) return false;
  if (/^(Pulling fs layer|Waiting)/.test(what)) layers.set(layer, layers.get(layer) ?? false);
  else if (/^(Pull complete|Already exists)/.test(what)) layers.set(layer, true);
  else return false;
  return true;
}
