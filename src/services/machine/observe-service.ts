import { parseJson, shellWord } from '../words.ts';
import { type ContainerName, ENGINES, layoutOf, type Manifest, manifestSchema } from './layout.ts';
import type { HostSession } from './session.ts';

interface LiveContainer {
  /** `running`, `exited`, `restarting`, ... */
  readonly state: string;
  /** The content hash that it was started with; empty for the engine. */
  readonly hash: string;
  readonly stack: string;
}

export interface LiveService {
  /** undefined where it is missing or cannot be read. */
  readonly manifest?: Manifest;
  readonly containers: Readonly<Partial<Record<ContainerName, LiveContainer>>>;
  readonly address: string;
}

const OBSERVED = ['service', ...ENGINES] as const;

const MARK = '-- containers --';

/** One round trip that reads the manifest and asks Docker what there is. */
function observeScript(service: string): string {
  const { folder, manifest, own } = layoutOf(service);
  const format = ['com.docker.compose.service', 'chainctl.hash', 'chainctl.stack']
    .map((name) => `{{.Label "${name}"}}`)
    .concat('{{.State}}')
    .join('|');
  return [
    `cat ${manifest} 2>/dev/null`,
    `echo; echo ${shellWord(MARK)}`,
    `[ -e ${folder} ] && echo folder`,
    'command -v docker >/dev/null 2>&1 || exit 0',
    `docker ps -a ${own} --format ${shellWord(format)}`,
    `docker volume ls -q ${own}`,
  ].join('\n');
}

/** Reads what `observeScript` wrote. Pure. @returns undefined when nothing of the service is there */
export function readObservation(output: string, address: string): LiveService | undefined {
  const [head = '', rest = ''] = output.split(MARK);
  const found = rest.split('\n').filter((line) => line.trim() !== '');
  if (head.trim() === '' && found.length === 0) return undefined;
  const containers: Partial<Record<ContainerName, LiveContainer>> = {};
  for (const line of found) {
    const [label, hash = '', stack = '', state] = line.split('|');
    const name = OBSERVED.find((each) => each === label);
    if (name !== undefined && state !== undefined) containers[name] = { state, hash, stack };
  }
  const manifest = manifestSchema.safeParse(parseJson(head)).data;
  return { ...(manifest === undefined ? {} : { manifest }), containers, address };
}

export async function observeService(
  session: HostSession,
  service: string,
  signal: AbortSignal,
): Promise<LiveService | undefined> {
  const what = `looking for service ${service.toUpperCase()}`;
  const output = await session.exec(observeScript(service), { what, signal });
  return readObservation(output, session.access.address);
}
