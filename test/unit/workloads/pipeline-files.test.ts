import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RemedyError } from '../../../src/errors.ts';
import { releaseFiles } from '../../../src/services/machine/release.ts';
import { contentHash, serviceSpec } from '../../../src/services/machine/service-spec.ts';
import { templatesOf } from '../../../src/services/machine/templates.ts';
import { withFiles } from '../../../src/services/machine/with-files.ts';
import { stackPaths } from '../../../src/services/stack/paths.ts';
import { placeFiles } from '../../../src/services/targets/local/place-files.ts';
import { definitionOf } from '../../../src/services/workloads/catalog.ts';
import { pipelineFiles } from '../../../src/services/workloads/pipeline-files.ts';
import { COMPOSE, DOCKERFILE } from '../host/templates.ts';

const CHAIN = `version: 1
steps:
  e: { kind: embed, url: "\${ENGINE_URL}/v1/embeddings", headers: { authorization: "Bearer \${KEY}" } }
  i: { kind: index, documents: docs.jsonl, embed: e }
`;
const ENV = { KEY: 'sentinel-key', OTHER: 'not carried' };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainctl-carried-'));
  path = join(folder, 'my chain.yaml');
  writeFileSync(path, CHAIN);
  writeFileSync(join(folder, 'docs.jsonl'), '{"text":"one"}\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function release() {
  const definition = definitionOf('a');
  const settings = { model: 'tinyllama', pipeline: path };
  const own = {
    compose: COMPOSE.a,
    dockerfile: DOCKERFILE.a,
    bundle: Buffer.from('code'),
    downloader: Buffer.from('more'),
  };
  const templates = templatesOf(
    withFiles({ boot: {} as never, services: { a: own } }, { definition, settings }, ENV),
    definition,
  );
  const spec = serviceSpec({ definition, settings }, templates);
  return { spec, files: releaseFiles({ stack: 's', spec, templates, token: undefined }) };
}

describe('a pipeline that is deployed', () => {
  it('goes to a machine with its documents and the variables that it names, in files that only the service reads', () => {
    const { spec, files } = release();
    const carried = files.filter((file) => file.path.startsWith('files/'));
    expect(carried.map((file) => [file.path, file.mode])).toEqual([
      ['files/', 0o755],
      ['files/.chain.yaml', 0o444],
      ['files/docs.jsonl', 0o444],
      ['files/.variables.json', 0o444],
    ]);
    expect(String(carried.at(-1)?.content)).toBe('{"KEY":"sentinel-key"}');
    expect(spec.env).toMatchObject({
      CHAIN_FILE: '/run/chainctl-files/.chain.yaml',
      CHAIN_VARIABLES_FILE: '/run/chainctl-files/.variables.json',
    });
    expect(JSON.stringify(spec)).not.toContain('sentinel');
  });

  it('is another one with another file, other documents or other variables', () => {
    const before = contentHash(release().spec);
    expect(contentHash(release().spec)).toBe(before);
    writeFileSync(join(folder, 'docs.jsonl'), '{"text":"two"}\n');
    const other = contentHash(release().spec);
    expect(other).not.toBe(before);
    writeFileSync(path, `${CHAIN}# more\n`);
    expect(contentHash(release().spec)).not.toBe(other);
  });

  it('is kept on this machine beside the secrets of its stack, the latest alone', async () => {
    const paths = stackPaths(folder, 'lab');
    const request = { services: { a: { model: 'tinyllama', pipeline: path } } };
    const looked = await placeFiles(paths, request, ENV, false);
    await expect(readdir(join(paths.folder, 'secrets'))).rejects.toThrow();
    const placed = await placeFiles(paths, request, ENV, true);
    expect(placed).toEqual(looked);
    const { CHAIN_FILE = '', CHAIN_VARIABLES_FILE = '', INDEX_DIR } = placed.a ?? {};
    expect(await readFile(CHAIN_FILE, 'utf8')).toBe(CHAIN);
    expect(statSync(CHAIN_VARIABLES_FILE).mode & 0o777).toBe(0o600);
    expect(INDEX_DIR).toBe(join(paths.logs, 'index'));
    writeFileSync(join(folder, 'docs.jsonl'), '{"text":"two"}\n');
    const again = await placeFiles(paths, request, ENV, true);
    expect(again.a?.CHAIN_FILE).not.toBe(CHAIN_FILE);
    expect(await readdir(join(paths.folder, 'secrets'))).toHaveLength(1);
    expect(await placeFiles(paths, { services: { a: {} } }, ENV, true)).toEqual({ a: {} });
  });

  it('is refused in the words of the service, with what to do about a variable', () => {
    expect(() => pipelineFiles(path, {})).toThrow(
      new RemedyError(`${path}:3:83: authorization in headers of step "e": variable KEY is not set`, {
        code: 'pipeline-invalid',
        exit: 2,
        nextSteps: ['set it in the environment of this command: it is carried to the service in a file'],
      }),
    );
  });
});
