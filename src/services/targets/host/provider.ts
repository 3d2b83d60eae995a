import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RemedyError, remedy } from '../../../errors.ts';
import type { Connection, Provider, Site } from '../../stack/provider.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { recordedStatus } from '../../stack/target-status.ts';
import { shellWord } from '../../words.ts';
import type { HostRequest } from './deploy.ts';
import { type HostFlags, hostDeployFlags, hostDoctorFlags } from './flags.ts';
import { forgetPins, pinsPath, readPins } from './pins.ts';

/**
 * Machines of somebody else's. A teardown takes this stack's services off them: containers, volumes, images and files of
 * theirs; Docker stays, and so do the images that were pulled.
 */
export const host: Provider<HostRequest> = {
  name: 'host',
  title: 'a machine',
  help: {
    summary: 'bring a service up on a Linux machine that you reach over SSH',
    description: `Installs Docker and Compose where they are missing, builds the service there, pulls the model, and waits for one real answer.
The user must be root or allowed to use sudo without a password. The machine's firewall is left as it is.
Run it again to change what differs: only the service's container is replaced. "chainctl teardown host" removes it again.`,
    examples: [
      '--ssh ubuntu@192.0.2.10 --service b',
      '--ssh ubuntu@192.0.2.11:2222 --identity ~/.ssh/id_ed25519 --b-url http://192.0.2.10:8002',
      '--ssh root@192.0.2.12 --host-key SHA256:... --dry-run --json',
    ],
  },
  billed: false,
  neighbours: true,
  runs: () => true,
  chosen: (services) => services.slice(0, 1),
  placeFlags: {},
  deployFlags: hostDeployFlags,
  doctorFlags: hostDoctorFlags,
  async ask({ flags }, services) {
    const { hostRequest } = await import('./deploy.ts');
    return hostRequest(flags as HostFlags, services);
  },
  hasTraces: async ({ paths }) => Object.keys(await readPins(paths)).length > 0,
  isConfigured: async (site) => site.flags.ssh !== undefined || host.hasTraces(site),
  connect: async (site) => connectionOf(site),
};

async function connectionOf({ paths, record, operator, flags, signal }: Site): Promise<Connection<HostRequest>> {
  const [{ planHost }, { hostTarget, accessOf }, { loadHostTemplates }, { HostSessions, runThere }] = await Promise.all(
    [
      import('./deploy.ts'),
      import('./target.ts'),
      import('../../machine/templates.ts'),
      import('../../machine/sessions.ts'),
    ],
  );
  const { SSH_AUTH_SOCK: agent } = operator.env;
  const templates = () => loadHostTemplates(operator.templates, operator.bundles);
  const sessions = new HostSessions();
  const deps = { agent, sessions, paths, templates, env: operator.env };
  return {
    plan: (request, steps, links, options) =>
      planHost(request, steps, links, options, { ...deps, trust: () => trustOf(operator, flags as HostFlags, signal) }),
    async target() {
      return hostTarget(await readPins(paths), { ...deps, stack: paths.name, templates: await templates() });
    },
    status: async () => (record === undefined ? undefined : recordedStatus('host', record)),
    async doctor() {
      const { examineHosts } = await import('./doctor.ts');
      const trust = { ...(await trustOf(operator, flags as HostFlags, signal)), ask: undefined };
      return examineHosts(flags as HostFlags, { paths, agent, trust }, { clock: operator.clock, signal });
    },
    async logs(selection, kind, context) {
      const { remoteLog } = await import('../../machine/remote-logs.ts');
      const pins = Object.entries(await readPins(paths));
      const chosen = pins.filter(([service]) => selection === undefined || selection === service);
      return chosen.map(([service, pin]) =>
        remoteLog(service, kind, async (script) =>
          runThere(await accessOf(pin, agent), 'reading the log', script, context),
        ),
      );
    },
    async shell(service) {
      const { sshOptions } = await import('../../machine/ssh-words.ts');
      const pin = (await readPins(paths))[service];
      if (pin === undefined) throw noMachine(paths.name, service);
      const { user, address, port, hostKey, identity } = pin;
      const options = await sshOptions(paths, service, hostKey, identity ?? { agent: true });
      return ['ssh', ...options, '-p', String(port), `${user}@${address}`];
    },
    forget: () => forgetPins(paths),
    explain: (error) => withWayOut(error, pinsPath(paths)),
    close: () => sessions.close(),
  };
}

/** How the machine may prove who it is at the first connect. */
async function trustOf({ userHome, ask }: Site['operator'], flags: HostFlags, signal: AbortSignal) {
  return {
    // Whom the operator's own ssh trusts; empty where it has never been used.
    knownHosts: await readFile(join(userHome, '.ssh', 'known_hosts'), 'utf8').catch(() => ''),
    expectedFingerprint: flags['host-key'],
    acceptNew: flags['accept-new-host-key'],
    ask: async (where: string, fingerprint: string) =>
      (await ask?.(`The host key of ${where} is not known yet: ${fingerprint}. Is it right?`, signal)) ?? false,
  };
}

function noMachine(stack: string, service: string): RemedyError {
  return remedy.configuration(
    'no-vm',
    `stack ${stack} has no machine of service ${service.toUpperCase()} whose host key is pinned here`,
    [`see where it is: chainctl status${stackOption(stack)}`],
  );
}

/** A machine that is gone for good must not hold the stack for ever; but only a person can know that it is. */
function withWayOut(error: unknown, pins: string): unknown {
  if (!(error instanceof RemedyError) || !['host-unreachable', 'host-key-changed'].includes(error.code)) return error;
  const { code, exit, nextSteps, cause } = error;
  const steps = [...nextSteps, `if the machine no longer exists, forget it and tear down again: rm ${shellWord(pins)}`];
  return new RemedyError(error.message, { code, exit, nextSteps: steps, cause });
}
