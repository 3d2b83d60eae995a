import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from './cache.ts';
import { DEBIAN_KEYRING } from './packages.ts';
import { has, run } from './shell.ts';

/** Programs that the lab needs, and the Debian package of each. */
const FOR_VMS = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  mmdebstrap: 'mmdebstrap',
  strip: 'binutils',
  ip: 'iproute2',
  iptables: 'iptables',
  ssh: 'openssh-client',
  haproxy: 'haproxy',
};
const MOTO = ['moto[server,ec2]==5.2.1', 'awscli'];

/** Where moto and the AWS command line are. */
export interface CloudTools {
  readonly motoServer: string;
  readonly aws: string;
}

/**
 * Why the lab cannot run here, `undefined` where it can. For the name of a skipped test.
 *
 * @param vms whether VMs are wanted; the EC2 API alone asks for less
 */
export async function labObstacle(vms: boolean): Promise<string | undefined> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!vms) {
    const installed = (await haveCloudTools()) || existsSync(join(cacheFolder(), 'python', 'bin', 'aws'));
    return installed || (await isDebianRoot(osRelease)) ? undefined : 'moto is not installed';
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'VMs need Linux on x64';
  if (process.getuid?.() !== 0) return 'VMs need root';
  if (!/^ID(_LIKE)?=.*debian/m.test(osRelease)) return 'VMs need Debian';
  const namespaces = await execa('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], { reject: false });
  if (namespaces.failed) return 'this machine may not make namespaces, which containers need';
  if ((await run('stat', ['--file-system', '--format=%T', cacheFolder()])) === 'overlayfs')
    return 'Docker cannot keep images on an overlay: point CHAINCTL_LAB_CACHE to another file system';
  return undefined;
}

/** Installs what VMs need and is missing. */
export async function ensureVmTools(): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(FOR_VMS)) if (!(await has(program))) missing.push(name);
  if (!existsSync(DEBIAN_KEYRING)) missing.push('debian-archive-keyring');
  await install([...new Set(missing)]);
}

/** moto and the AWS command line: those on the PATH, otherwise installed into the cache. */
export async function ensureCloudTools(): Promise<CloudTools> {
  if (await haveCloudTools()) {
    return { motoServer: await behindShim('moto_server'), aws: await behindShim('aws') };
  }
  const folder = join(cacheFolder(), 'python');
  const bin = join(folder, 'bin');
  if (!existsSync(join(bin, 'aws'))) {
    if (!(await has('python3'))) await install(['python3', 'python3-venv']);
    await run('python3', ['-m', 'venv', folder]).catch(async () => {
      await install(['python3-venv']);
      await run('python3', ['-m', 'venv', '--clear', folder]);
    });
    await run(join(bin, 'pip'), ['install', '--quiet', ...MOTO]);
  }
  return { motoServer: join(bin, 'moto_server'), aws: join(bin, 'aws') };
}

/** What pyenv puts on the PATH is a script that looks for the program, at each of hundreds of calls. */
async function behindShim(program: string): Promise<string> {
  if (!(await has('pyenv'))) return program;
  return run('pyenv', ['which', program]).catch(() => program);
}

async function haveCloudTools(): Promise<boolean> {
  return (await has('moto_server')) && (await has('aws'));
}

async function isDebianRoot(osRelease: string): Promise<boolean> {
  return process.getuid?.() === 0 && /^ID(_LIKE)?=.*debian/m.test(osRelease);
}

async function install(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}
