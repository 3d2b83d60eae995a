import { resolve } from 'node:path';
import { z } from 'zod';
import { type RemedyError, remedy } from '../../../errors.ts';
import { formatAccess, type SshAddress } from '../../machine/access.ts';
import { serviceSpec } from '../../machine/service-spec.ts';
import { fingerprint, parsePublicKey } from '../../machine/ssh-keys.ts';
import { type HostTemplates, templatesOf } from '../../machine/templates.ts';
import { withFiles } from '../../machine/with-files.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Deployed, Links, PlannedDeploy } from '../../stack/provider.ts';
import { stackToken } from '../../stack/secrets.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { askOnMachines, engineNote } from '../../workloads/machine-engine.ts';
import { onlyService, withServices } from '../../workloads/request.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import type { HostFlags } from './flags.ts';
import { readIdentity } from './identity.ts';
import { type HostPin, type HostPins, readPins, writePins } from './pins.ts';
import { httpBase, parseSshAddress } from './ssh-address.ts';
import { desiredHost, type HostTargetDeps, hostTarget } from './target.ts';
import { pinHostKey, type TrustOptions } from './trust.ts';

/** What the operator asks of `deploy host` for one service. */
export type HostRequest = ReturnType<typeof hostRequest>;

export interface HostDeployDeps extends Omit<HostTargetDeps, 'token' | 'stack' | 'templates'> {
  readonly paths: StackPaths;
  templates(): Promise<HostTemplates>;
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  trust(): Promise<TrustOptions>;
}

/** Asked for before and kept: a deploy of one service must not forget what was asked for another. */
const recordedRequest = z
  .preprocess(withServices, z.looseObject({ services: z.record(z.string(), z.unknown()) }))
  .catch({ services: {} });

/** B's own minimum, seconds: on a machine it is always written out. */
const MIN_PROCESS_SECONDS = 5;

export function hostRequest(flags: HostFlags, services: readonly ServiceDefinition[]) {
  return {
    ...askOnMachines(services, { 'min-process-seconds': MIN_PROCESS_SECONDS, ...flags }),
    ssh: parseSshAddress(flags.ssh),
    /** Absolute path of a private key; without one, the agent is asked. */
    identity: flags.identity === undefined ? undefined : resolve(flags.identity),
    auth: flags.auth,
  };
}

/**
 * Plans to bring one service up on a machine that is there already, or to change what differs from the request. Nothing is
 * pinned before it is applied.
 *
 * @throws RemedyError: host key, authentication, model, Docker (3), unreachable, unhealthy (5)
 */
export async function planHost(
  request: HostRequest,
  { context, ...steps }: StepDeps,
  links: Links,
  { make }: { readonly make: boolean },
  deps: HostDeployDeps,
): Promise<PlannedDeploy> {
  const { ssh, auth, ollamaImage, llama, identity } = request;
  const { definition, settings } = onlyService(request);
  const { name: service } = definition;
  const { paths } = deps;
  if (identity !== undefined) await readIdentity(identity);
  else if (deps.agent === undefined) throw noKey(ssh);
  const known = await readPins(paths);
  const pin = await pinOf(paths.name, definition, request, known, await deps.trust(), context.signal);
  const pins: HostPins = { ...known, [service]: pin };
  const token = auth === 'token' ? await stackToken(paths, make) : undefined;
  const templates = withFiles(await deps.templates(), { definition, settings }, deps.env);
  const wanted = { definition, settings, links: links.known, ollamaImage, llama, token };
  const spec = serviceSpec(wanted, templatesOf(templates, definition));
  const target = { ...deps, stack: paths.name, templates, token: async () => token };
  const desired = desiredHost(spec, pins, target);
  const world = hostTarget(pins, target, [service]);
  const plan = await observeAndPlan(world, desired, steps.journal, context);
  const { request: recorded, endpoints } = steps.journal.target;
  const asked = recordedRequest.parse(recorded);
  const key = parsePublicKey(pin.hostKey);
  const hostKey = key === undefined ? '' : fingerprint(key);
  const where = formatAccess(ssh);
  const deployed: Deployed = {
    where: `on ${where}`,
    endpoints: { ...endpoints, [service]: httpBase(ssh.address, definition.port) },
    details: { service, machine: where, hostKey },
    facts: { 'host key': `${hostKey} (pinned)` },
  };
  return {
    changes: plan.changes,
    notes: engineNote(request, asked.services[service]),
    request: {
      services: { ...asked.services, [service]: { ...settings, ssh: where, identity, ollamaImage, llama, auth } },
    },
    auth,
    preview: deployed,
    async apply() {
      await writePins(paths, pins);
      await applyPlan(world, desired, plan, { context, ...steps });
      return deployed;
    },
  };
}

/** The pin that is known, unless the operator vouches for another key; else a new one. */
async function pinOf(
  stack: string,
  { name, title }: ServiceDefinition,
  { ssh, identity }: HostRequest,
  pins: HostPins,
  trust: TrustOptions,
  signal: AbortSignal,
): Promise<HostPin> {
  const known = pins[name];
  if (known !== undefined && (known.address !== ssh.address || known.port !== ssh.port)) {
    throw remedy.configuration(
      'host-moved',
      `${title} of stack ${stack} is on ${formatAccess(known)}, and would be left running there`,
      [`take it down first: chainctl teardown host${stackOption(stack)}`, 'or use another stack: --stack NAME'],
    );
  }
  // Another service may be on the same machine.
  const same = Object.values(pins).find(({ address, port }) => address === ssh.address && port === ssh.port)?.hostKey;
  const pinned = same === undefined ? undefined : parsePublicKey(same);
  const { expectedFingerprint: vouched } = trust;
  const keep = pinned !== undefined && (vouched === undefined || vouched === fingerprint(pinned));
  const hostKey = keep && same !== undefined ? same : await pinHostKey(ssh, trust, signal);
  return { ...ssh, hostKey, identity };
}

function noKey(ssh: SshAddress): RemedyError {
  return remedy.configuration(
    'ssh-no-key',
    `there is no key to show to ${formatAccess(ssh)}: no --identity, and no SSH agent`,
    ['name a private key: --identity ~/.ssh/id_ed25519', 'or start an agent: eval $(ssh-agent) && ssh-add'],
  );
}
