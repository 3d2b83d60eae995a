import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import type { Operator } from '../stack/operator.ts';
import { type DoctorCheck, examine, finding } from './check.ts';

const FOLDER = 'stack folder';
const OLDEST_NODE = 20;
/** One per request in flight, for a load generator at its limit. */
const ENOUGH_DESCRIPTORS = 4096;
const MIB = 1024 * 1024;

/** What this machine brings: looked at in the order in which it is needed. */
export async function doctorLocal(operator: Operator, signal: AbortSignal): Promise<DoctorCheck[]> {
  return [
    nodeCheck(operator.nodeVersion),
    descriptorCheck(operator.descriptorLimit),
    await examine(FOLDER, signal, () => folderCheck(operator.home)),
    operator.env.SSH_AUTH_SOCK === undefined
      ? finding('ssh agent', 'ok', 'none runs, and none is needed for a VM: each stack has a key of its own')
      : finding('ssh agent', 'ok', 'one runs; "deploy host" can use its keys'),
  ];
}

function nodeCheck(version: string): DoctorCheck {
  const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
  return major >= OLDEST_NODE
    ? finding('node', 'ok', version)
    : finding('node', 'failed', `${version} is older than ${OLDEST_NODE}`, 'install a newer Node.js');
}

function descriptorCheck(limit: number | undefined): DoctorCheck {
  const name = 'open files';
  if (limit === undefined) return finding(name, 'ok', 'no limit');
  if (limit >= ENOUGH_DESCRIPTORS) return finding(name, 'ok', `up to ${limit}`);
  const detail = `only ${limit}: bounds how many requests can be in flight in a load test`;
  return finding(name, 'warning', detail, `raise it: ulimit -n ${ENOUGH_DESCRIPTORS}`);
}

async function folderCheck(home: string): Promise<DoctorCheck> {
  await makeFolder(home, 0o700);
  const { bavail, bsize } = await statfs(home);
  const free = (bavail * bsize) / MIB;
  const detail = `${home}, ${Math.floor(free)} MiB free`;
  if (free < 50) return finding(FOLDER, 'failed', detail, `free space on the disk of ${dirname(home)}`);
  if (free < 1024) return finding(FOLDER, 'warning', detail, 'free space: results and logs keep growing');
  return finding(FOLDER, 'ok', detail);
}
