// Builds the command (tsc, to dist/), and with rolldown the services and the report's script (one file each, to
// dist/templates/), the chat page too.
// Runs on the Node of the lockfile; `.tools/ensure.mjs` sees to that.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';
import { bundleGoogle } from './bundle-google.mjs';
import { noticeOf } from './third-party.mjs';

const root = new URL('..', import.meta.url).pathname;
// Every folder with a program: a service more is not named here.
const services = readdirSync(`${root}templates/services`).filter((name) =>
  existsSync(`${root}templates/services/${name}/main.ts`),
);

rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = (...args) =>
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, ...args], { stdio: 'inherit' });
tsc('-p', `${root}src/tsconfig.json`);
// Code for browsers has types of its own, and is not part of the project's check.
tsc('-p', `${root}templates/report/tsconfig.json`);
tsc('-p', `${root}templates/page/tsconfig.json`);

const bundled = [];
async function bundle(input, file, platform, format, transform = {}) {
  const options = { input: `${root}templates/${input}`, platform, treeshake: true, logLevel: 'warn', transform };
  const built = await rolldown(options);
  const { output } = await built.write({
    file: `${root}dist/templates/${file}`,
    format,
    minify: true,
    codeSplitting: false,
    comments: { legal: false },
  });
  await built.close();
  bundled.push(...output.flatMap(({ moduleIds = [] }) => moduleIds));
}

// The chat page is a part of service A, which is one file wherever it is deployed to: its files become a value there.
await bundle('page/main.tsx', 'page/page.js', 'browser', 'esm');
const pageFiles = ['index.html', 'page.css', 'icon.svg'];
for (const name of pageFiles) copyFileSync(`${root}templates/page/${name}`, `${root}dist/templates/page/${name}`);
const page = [...pageFiles, 'page.js'].map((name) => [
  name,
  readFileSync(`${root}dist/templates/page/${name}`, 'utf8'),
]);
const define = { CHAINCTL_PAGE: JSON.stringify(Object.fromEntries(page)) };

for (const name of services) {
  await bundle(`services/${name}/main.ts`, `${name}.mjs`, 'node', 'esm', name === 'service-a' ? { define } : {});
}
await bundle('report/report.ts', 'report.js', 'browser', 'iife');
copyFileSync(`${root}templates/report/report.css`, `${root}dist/templates/report.css`);

bundled.push(...(await bundleGoogle(`${root}dist/services/targets/gcp`)));
writeFileSync(`${root}dist/THIRD-PARTY.txt`, noticeOf(bundled));

// The manifest spares the command line from loading every command to know what there is.
const { Plugin } = await import('@oclif/core/config');
const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
// Its defaults are written out in it: `load --help` need not load the command to write them.
const settled = (key, value) => (key === 'hasDynamicHelp' ? false : value);
writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest, settled));
