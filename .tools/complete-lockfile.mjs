// After `npm install`: adds to the lockfile what npm left out.
//
// Tools with native code (biome, rolldown, oxc-parser) have one optional package per platform. Where a registry does not
// have one of them, npm writes a lockfile without it, and `npm ci` then refuses that very lockfile as incomplete, on every
// platform. Their versions are known all the same: the package that asks for them names each exactly. So they are
// written in, with the platform that their name says and without a checksum, since nothing was downloaded.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url).pathname;
const lock = JSON.parse(readFileSync(path, 'utf8'));

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'wasm32'];

/** What `@scope/binding-linux-x64-musl` says about where it belongs. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = OS.filter((each) => words.includes(each));
  const cpu = CPU.filter((each) => words.includes(each));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  if (cpu.length !== 1) throw new Error(`${name} does not say which platform it is for`);
  return { cpu, ...(libc.length > 0 ? { libc } : {}), ...(os.length > 0 ? { os } : {}) };
}

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) continue;
    const known = [`${place}/node_modules/${name}`, `node_modules/${name}`].some(
      (each) => lock.packages[each]?.version === version,
    );
    if (known) continue;
    const taken = lock.packages[`node_modules/${name}`] !== undefined;
    const at = taken ? `${place}/node_modules/${name}` : `node_modules/${name}`;
    lock.packages[at] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added} packages of other platforms added`);
