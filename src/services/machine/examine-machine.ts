import { z } from 'zod';
import { type DoctorCheck, examine, finding } from '../doctor/check.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { runThere } from './sessions.ts';

/** A model of 2.3 GB, an engine's image of 3 GB, and what Docker needs to unpack them. */
const ENOUGH_MIB = 10 * 1024;

/** Looks only. Docker keeps everything below /var/lib. */
const LOOK = `
may_sudo=false docker=none compose=false
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then may_sudo=true; fi
if command -v docker >/dev/null 2>&1; then
  docker=$(docker --version 2>/dev/null | sed 's/[^0-9]*\\([0-9.]*\\).*/\\1/')
  docker compose version >/dev/null 2>&1 && compose=true
fi
free=$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')
printf '{"sudo":%s,"docker":"%s","compose":%s,"freeMib":%s}\\n' "$may_sudo" "$docker" "$compose" "\${free:-0}"
`;

const seenSchema = z.object({ sudo: z.boolean(), docker: z.string(), compose: z.boolean(), freeMib: z.number() });

/**
 * What a deploy needs of a machine: that it can be reached, sudo, Docker, room. Nothing is changed there.
 *
 * @param access finds out how it is reached; its error is the first finding
 */
export async function examineMachine(
  name: string,
  access: () => Promise<HostAccess>,
  deps: Pick<ResourceContext, 'clock' | 'signal'>,
): Promise<DoctorCheck[]> {
  const check = (what: string, status: DoctorCheck['status'], detail: string, ...steps: string[]) =>
    finding(`${name} ${what}`, status, detail, ...steps);
  let seen: z.infer<typeof seenSchema> | undefined;
  const reached = await examine(`${name} ssh`, deps.signal, async () => {
    const there = await access();
    seen = seenSchema.parse(JSON.parse(await runThere(there, 'looking at the machine', LOOK, deps)));
    return check('ssh', 'ok', `${formatAccess(there)} lets this user in`);
  });
  if (seen === undefined) {
    return [reached, ...['sudo', 'docker', 'disk'].map((each) => check(each, 'skipped', 'needs the machine'))];
  }
  const { sudo, docker, compose, freeMib } = seen;
  const installed = `Docker ${docker}${compose ? ', with Compose' : '; Compose is installed'}`;
  const asks = 'this user is not root, and sudo asks for a password';
  const room = `${freeMib} MiB free below /var/lib`;
  return [
    reached,
    sudo
      ? check('sudo', 'ok', 'root, or sudo without a password')
      : check('sudo', 'failed', asks, 'log in as root, or allow the user sudo without a password'),
    check('docker', 'ok', docker === 'none' ? 'not there: the deploy installs it' : installed),
    freeMib >= ENOUGH_MIB
      ? check('disk', 'ok', room)
      : check('disk', 'warning', room, `free space: images and a model take up to ${ENOUGH_MIB} MiB`),
  ];
}
