// Builds the command (tsc, to dist/) and the services (rolldown, one file each, to dist/templates/).
// Runs on the Node of the lockfile; `.tools/ensure.mjs` sees to that.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const root = new URL('..', import.meta.url).pathname;
const services = ['service-a', 'service-b', 'engine-sim', 'proxy'];

rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}src/tsconfig.json`], {
  stdio: 'inherit',
});

for (const name of services) {
  const bundle = await rolldown({
    input: `${root}templates/services/${name}/main.ts`,
    platform: 'node',
    treeshake: true,
    logLevel: 'warn',
  });
  await bundle.write({
    file: `${root}dist/templates/${name}.mjs`,
    format: 'esm',
    minify: true,
    codeSplitting: false,
    comments: { legal: false },
  });
  await bundle.close();
}

// The manifest spares the command line from loading every command to know what there is.
const { Plugin } = await import('@oclif/core/config');
const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest));
