import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The rules of docs/architecture.md about who may know whom. Imports are found by their text: `from '...'`, types included,
 * and `import('...')`.
 */

const SRC = new URL('../../src/', import.meta.url).pathname;

interface Source {
  /** Below src/. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Files of src/ that it imports. */
  readonly imports: readonly string[];
  /** Packages and built-in modules that it imports at run time. */
  readonly packages: readonly string[];
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map(read)
  .sort((one, other) => one.path.localeCompare(other.path));

function read(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8');
  const named = [
    ...text.matchAll(/^(?:import|export|\}) [^'"`;]*?(?:from )?'([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm),
  ];
  const all = named.map(([, from, bare, lazy]) => (from ?? bare ?? lazy) as string);
  const here = all.filter((each) => each.startsWith('.')).map((each) => normalize(join(dirname(path), each)));
  const types = new Set([...text.matchAll(/^import type [^;]*? from '([^']+)'/gm)].map(([, from]) => from));
  const packages = all.filter((each) => !each.startsWith('.') && !types.has(each));
  return { path, lines: text.split('\n'), imports: here, packages };
}

const places = [...new Set(sources.flatMap(({ path }) => placeOf(path) ?? []))];
/** What services are called in flags and records. */
const services = ['a', 'b'];

/** Where a word is none of these names: the column and the key of the host that answered, a header, the mode of a file. */
const OTHER_MEANINGS: Readonly<Record<string, readonly string[]>> = {
  host: [
    'config/request-headers.ts',
    'services/load/protocols/contract.ts',
    'services/load/record/csv-reader.ts',
    'services/pipelines/read-addresses.ts',
    'services/results/sweep-sections.ts',
    'services/scaling/host-probe.ts',
    'services/stack/lock-holder.ts',
    'services/stack/operator.ts',
  ],
  // A mode of opening a file, and who refused a request: words of the results.
  a: [
    'services/files/append-lines.ts',
    'services/load/record/csv-file.ts',
    'services/load/protocols/chain.ts',
    'services/load/failures.ts',
  ],
  b: ['services/load/protocols/chain.ts', 'services/load/protocols/invoke.ts', 'services/load/failures.ts'],
};

/** The place in whose folder a file is. */
function placeOf(path: string): string | undefined {
  return /^services\/targets\/([^/]+)\//.exec(path)?.[1];
}

/** Strings as they stand in the code, not in a comment. */
function quoted({ lines }: Source): string[] {
  const code = lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && !/(from|import\() ?'/.test(line));
  return code.flatMap((line) =>
    [...line.replace(/\s\/\/ .*/, '').matchAll(/'([^'\\]*)'/g)].map(([, text]) => text ?? ''),
  );
}

/** Files that reach themselves by imports: each group of them once. */
function circles(): string[][] {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
  const numbers = new Map<string, { index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const found: string[][] = [];
  // Tarjan's strongly connected components.
  const visit = (path: string) => {
    const own = { index: numbers.size, low: numbers.size, open: true };
    numbers.set(path, own);
    stack.push(path);
    for (const next of importsOf.get(path) ?? []) {
      if (!importsOf.has(next)) continue;
      const other = numbers.get(next) ?? visit(next);
      if (other.open) own.low = Math.min(own.low, other.low);
    }
    if (own.low < own.index) return own;
    const group = stack.splice(stack.indexOf(path));
    for (const each of group) (numbers.get(each) as typeof own).open = false;
    if (group.length > 1) found.push(group.sort());
    return own;
  };
  for (const { path } of sources) if (!numbers.has(path)) visit(path);
  return found;
}

describe('the code', () => {
  it('is read whole: every import of a file of src/ names one that is there', () => {
    const paths = new Set(sources.map(({ path }) => path));
    const missing = sources.flatMap(({ path, imports }) =>
      imports
        .filter((each) => /\.tsx?$/.test(each) && !each.startsWith('..') && !paths.has(each))
        .map((each) => `${path} -> ${each}`),
    );
    expect(missing).toEqual([]);
    expect(places).toEqual(expect.arrayContaining(['local', 'host', 'aws', 'gcp']));
  });

  it('knows a place only within its folder, and by the list', () => {
    const offences = sources.flatMap(({ path, imports }) =>
      imports
        .filter((each) => placeOf(each) !== undefined && placeOf(each) !== placeOf(path))
        .filter(() => path !== 'services/targets/providers.ts')
        .map((each) => `${path} -> ${relative('services/targets', each)}`),
    );
    expect(offences).toEqual([]);
  });

  it('has no circle of imports, types included', () => {
    expect(circles()).toEqual([]);
  });

  it('names neither a place nor a service outside its own folder', () => {
    const names = new Set([...places, ...services]);
    const offences = sources
      .filter(({ path }) => placeOf(path) === undefined && !path.startsWith('services/workloads/'))
      .filter(({ path }) => path !== 'services/targets/providers.ts')
      .flatMap((source) =>
        quoted(source)
          .filter((text) => names.has(text) && !OTHER_MEANINGS[text]?.includes(source.path))
          .map((text) => `${source.path}: '${text}'`),
      );
    expect(offences).toEqual([]);
  });

  it('leaves the command line to commands, flags and what shows things', () => {
    const offences = sources
      .filter(({ path }) => path.startsWith('services/') && !/(^|[-/])flags\.ts$/.test(path))
      .flatMap(({ path, packages }) =>
        packages.filter((each) => /^(@oclif|ink$|ink\/|react)/.test(each)).map((each) => `${path} -> ${each}`),
      );
    expect(offences).toEqual([]);
  });

  it('goes down: no service looks at a command or at the screen', () => {
    const offences = sources
      .filter(({ path }) => path.startsWith('services/'))
      .flatMap(({ path, imports }) =>
        imports.filter((each) => /^(commands|ui)\//.test(each)).map((each) => `${path} -> ${each}`),
      );
    expect(offences).toEqual([]);
  });

  it('has commands of at most 80 lines, and files that are read in one sitting', () => {
    const most = (path: string) => (path.startsWith('commands/') ? 80 : 300);
    const offences = sources.filter(({ path, lines }) => lines.length - 1 > most(path));
    expect(offences.map(({ path, lines }) => `${path}: ${lines.length - 1} lines`)).toEqual([]);
  });
});
