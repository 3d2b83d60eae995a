import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, contentHash } from './cache.ts';
import { run } from './shell.ts';

/** What Debian's packages are checked against. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const MIRROR = 'http://deb.debian.org/debian';

/** What Docker Hub's `debian:bookworm-slim` has, and the two libraries that node needs besides. */
const BASE = ['ca-certificates', 'libatomic1', 'libstdc++6'];

/** What Canonical's image has as far as chainctl notices, and Docker, so that a boot needs no package archive. */
const VM = [
  ...['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'cloud-init', 'openssh-server', 'sudo', 'docker.io'],
  ...['iptables', 'ca-certificates', 'curl', 'zstd', 'procps', 'iproute2', 'netbase'],
];

/** A tarball of an installed Debian, made once per list of packages. */
export type RootFileSystem = 'base' | 'vm';

/** @returns the path of the tarball */
export async function rootFileSystem(name: RootFileSystem): Promise<string> {
  const packages = name === 'base' ? BASE : VM;
  const path = join(cacheFolder(), `${name}-${contentHash(packages)}.tar`);
  if (existsSync(path)) return path;
  const partial = `${path}.partial`;
  await run('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    `--keyring=${DEBIAN_KEYRING}`,
    `--include=${packages.join(',')}`,
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    // A service must not start while it is being installed.
    '--customize-hook=rm -rf "$1"/var/lib/docker "$1"/run/*',
    '--format=tar',
    'bookworm',
    partial,
    MIRROR,
  ]);
  await rename(partial, path);
  return path;
}

/**
 * Compose 2 and buildx, which bookworm does not have: Debian trixie's programs, which run on bookworm. Taken out of
 * their packages without installing anything on this machine.
 *
 * @returns the folder with `docker-compose` and `docker-buildx`
 */
export async function dockerPlugins(): Promise<string> {
  const folder = join(cacheFolder(), 'plugins');
  if (existsSync(folder)) return join(folder, 'usr/libexec/docker/cli-plugins');
  const work = join(cacheFolder(), 'plugins.partial');
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  await writeFile(join(work, 'sources.list'), `deb [signed-by=${DEBIAN_KEYRING}] ${MIRROR} trixie main\n`);
  const options = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(work, 'lists')}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${work}`,
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, 'update', '-qq']);
  await run('apt-get', [...options, 'download', '-qq', 'docker-compose', 'docker-buildx'], { cwd: work });
  const unpacked = join(work, 'unpacked');
  await run('sh', ['-c', `for package in *.deb; do dpkg-deb -x "$package" ${unpacked}; done`], { cwd: work });
  await rename(unpacked, folder);
  await rm(work, { recursive: true, force: true });
  return join(folder, 'usr/libexec/docker/cli-plugins');
}
