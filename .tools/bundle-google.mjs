// Google's client library is 110 MB with what it needs, of which chainctl uses a twentieth: 24 of its clients, without gRPC,
// and their part of the API's definitions, which would take longer to read than everything else before a command's first
// call. This puts that part into dist/, in place of the compiled library.ts, with a chunk for each client.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

/** Of the entrance to Google's RPC library: what the clients take from it where they speak HTTP. */
const require = createRequire(import.meta.url);
const GAX = `export const fallback = require('${join(dirname(require.resolve('google-gax')), 'fallback.js')}');
export const loggingUtils = require('google-logging-utils');`;

/**
 * @param folder of the compiled library.js
 * @returns the files that were bundled
 */
export async function bundleGoogle(folder) {
  const used = /\/(\w+)_client\.js/g;
  const library = readFileSync(`${folder}/library.js`, 'utf8');
  const services = [...library.matchAll(used)].map(([, file]) =>
    file.replace(/(?:^|_)(.)/g, (_, c) => c.toUpperCase()),
  );
  const plugin = {
    name: 'lean-google',
    resolveId: (id) => (id === 'google-gax' ? { id: '\0google-gax.js' } : null),
    load: (id) => {
      if (id === '\0google-gax.js') return GAX;
      if (!/@google-cloud\/compute\/build\/protos\/protos\.json$/.test(id)) return null;
      return { code: JSON.stringify(trim(JSON.parse(readFileSync(id, 'utf8')), services)), moduleType: 'json' };
    },
  };
  const built = await rolldown({
    input: `${folder}/library.js`,
    platform: 'node',
    plugins: [plugin],
    logLevel: 'warn',
  });
  const chunkFileNames = 'library/[name].js';
  // The serialiser tells numbers of 64 bits by the name of their class.
  const minify = {
    mangle: { keepNames: true },
    compress: { keepNames: { function: true, class: true } },
    codegen: true,
  };
  const { output } = await built.write({ dir: folder, chunkFileNames, comments: { legal: false }, minify });
  await built.close();
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** The definitions with, of the API, only its one version, and of that what `services` use. */
function trim(all, services) {
  const { google } = all.nested;
  const { cloud } = google.nested;
  const { compute } = cloud.nested;
  const v1 = { ...compute.nested.v1, nested: closureOf(services, compute.nested.v1.nested) };
  const with_ = (parent, nested) => ({ ...parent, nested: { ...parent.nested, ...nested } });
  return with_(all, {
    google: with_(google, { cloud: { ...cloud, nested: { compute: { ...compute, nested: { v1 } } } } }),
  });
}

/** Those definitions and all that they name, directly or not. */
function closureOf(names, definitions) {
  const kept = {};
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (definitions[name] === undefined || Object.hasOwn(kept, name)) continue;
    kept[name] = definitions[name];
    // `Operation`, `google.cloud.compute.v1.Operation`, `Operation.Status`.
    for (const type of typesIn(kept[name]))
      open.push(...type.replace(/^\.?google\.cloud\.compute\.v1\./, '').split('.'));
  }
  return kept;
}

function typesIn({ fields = {}, methods = {}, nested = {} }) {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType }) => [requestType, responseType]),
    ...Object.values(nested).flatMap(typesIn),
  ];
}
