import type { Manifest } from '../layout.ts';
import type { MachineEngine } from './engine.ts';
import { llamacpp } from './llamacpp.ts';
import { ollama } from './ollama.ts';

/** The engine beside a service; undefined for one that has none. */
export function engineOf({
  model,
  llama,
}: {
  readonly model?: string | undefined;
  readonly llama?: unknown;
}): MachineEngine | undefined {
  if (model === undefined) return undefined;
  return llama === undefined ? ollama : llamacpp;
}

/** The same of one that is there. */
export function engineThere({ model, engine }: Pick<Manifest, 'model' | 'engine'>): MachineEngine | undefined {
  if (model === undefined) return undefined;
  return engine === llamacpp.name ? llamacpp : ollama;
}
