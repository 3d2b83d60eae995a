import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import { type DoctorCheck, examine, finding } from './check.ts';

export interface LocalFacts {
  /** The folder that holds all stacks. */
  readonly home: string;
  /** `process.version` */
  readonly nodeVersion: string;
  /** Files that this process may have open; undefined without a limit. */
  readonly descriptorLimit: number | undefined;
  /** Socket of a running SSH agent. */
  readonly agentSocket: string | undefined;
}

const OLDEST_NODE = 20;
/** One per request in flight, for a load generator at its limit. */
const ENOUGH_DESCRIPTORS = 4096;
const MIB = 1024 * 1024;

/** What this machine brings: looked at in the order in which it is needed. */
export async function doctorLocal(facts: LocalFacts, signal: AbortSignal): Promise<DoctorCheck[]> {
  return [
    nodeCheck(facts.nodeVersion),
    descriptorCheck(facts.descriptorLimit),
    await examine('stack folder', signal, () => folderCheck(facts.home)),
    facts.agentSocket === undefined
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
  const name = 'stack folder';
  await makeFolder(home, 0o700);
  const { bavail, bsize } = await statfs(home);
  const free = (bavail * bsize) / MIB;
  const detail = `${home}, ${Math.floor(free)} MiB free`;
  if (free < 50) return finding(name, 'failed', detail, `free space on the disk of ${dirname(home)}`);
  if (free < 1024) return finding(name, 'warning', detail, 'free space: results and logs keep growing');
  return finding(name, 'ok', detail);
}
