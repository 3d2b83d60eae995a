import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly deprecated?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const packages = read('package-lock.json').packages as Record<string, Entry>;

describe('the lockfile', () => {
  it('names no registry and holds nothing deprecated', () => {
    const others = Object.entries(packages).filter(([, { link }]) => link !== true);
    expect(others.filter(([, { resolved, deprecated }]) => resolved ?? deprecated)).toEqual([]);
  });

  it('has the optional packages of every platform (else: node .tools/complete-lockfile.mjs)', () => {
    const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages[`${place}/node_modules/${name}`] && !packages[`node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('brings the same Node 26 for every platform', () => {
    const nodes = read('.tools/node/package.json').optionalDependencies as Record<string, string>;
    expect(new Set(Object.values(nodes)).size).toBe(1);
    for (const [name, version] of Object.entries(nodes))
      expect(packages[`node_modules/${name}`]?.version).toBe(version);
  });
});
