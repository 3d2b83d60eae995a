import { createHash } from 'node:crypto';

/** Files that a service reads at its start, and that its settings name: each place puts them where it finds them. */
export interface CarriedFiles {
  /** Plain names. They may hold secrets: nobody but their owner and the service can read them. */
  readonly files: readonly { readonly name: string; readonly content: Buffer }[];
  /**
   * What tells the service of them, once they are in this folder.
   *
   * @param keep where it may keep what it makes of them; undefined for its own default
   */
  env(folder: string, keep?: string): Readonly<Record<string, string>>;
}

/** One hash over all of them: with others the service is another one. Pure. */
export function carriedId({ files }: CarriedFiles): string {
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name} ${content.length}\n`).update(content);
  return hash.digest('hex').slice(0, 16);
}
