import { z } from 'zod';
import { ExitCode, RemedyError } from '../../../errors.ts';
import { makeToken, TOKEN_SECRET } from '../../chain/token.ts';
import type { Tuning } from '../../chain/tuning.ts';
import { formatAccess } from '../../machine/access.ts';
import { layoutOf } from '../../machine/layout.ts';
import { serviceSpec } from '../../machine/service-spec.ts';
import { HostSessions } from '../../machine/sessions.ts';
import { fingerprint, parsePublicKey } from '../../machine/ssh-keys.ts';
import type { HostTemplates, ServiceName } from '../../machine/templates.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import type { PlannedChange } from '../../stack/change.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { ensureSecret, readSecret } from '../../stack/secrets.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import { readIdentity } from './identity.ts';
import { type HostPin, type HostPins, readPins, writePins } from './pins.ts';
import { httpBase, type SshAddress } from './ssh-address.ts';
import { desiredHost, hostTarget } from './target.ts';
import { pinHostKey, type TrustOptions } from './trust.ts';

/** What the operator asks of `deploy host` for one service. */
export interface HostRequest {
  readonly service: ServiceName;
  readonly ssh: SshAddress;
  /** Absolute path of a private key; without one, the agent is asked. */
  readonly identity?: string | undefined;
  readonly model: string;
  /** Base URL of B, for A; by default the B of this stack, else one on the same machine. */
  readonly bUrl?: string | undefined;
  readonly minProcessSeconds?: number | undefined;
  readonly ollamaImage?: string | undefined;
  readonly tuning?: Tuning | undefined;
  /** Whether the service asks for the stack's token. */
  readonly auth: 'token' | 'none';
}

export interface HostDeployment {
  readonly stack: string;
  readonly target: 'host';
  readonly service: ServiceName;
  readonly machine: string;
  /** The fingerprint of the pinned host key. */
  readonly hostKey: string;
  readonly changes: readonly PlannedChange[];
  readonly applied: boolean;
  readonly endpoints: { readonly a?: string | undefined; readonly b?: string | undefined };
}

export interface HostDeployDeps extends StackDeps {
  readonly templates: HostTemplates;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
  readonly trust: TrustOptions;
}

/** Asked for before and kept: a deploy of B must not forget what was asked for A. */
const recordedRequest = z.record(z.string(), z.unknown()).catch({});

/**
 * Brings one service up on a machine that is there already, or changes what differs from the request.
 *
 * @param dryRun stop after the plan; nothing is pinned
 * @throws RemedyError: host key, authentication, model, Docker (3), unreachable, unhealthy (5), stack locked (6)
 */
export async function deployHost(
  paths: StackPaths,
  request: HostRequest,
  { dryRun }: { readonly dryRun: boolean },
  deps: HostDeployDeps,
): Promise<HostDeployment> {
  const { service, ssh } = request;
  const sessions = new HostSessions();
  if (request.identity !== undefined) await readIdentity(request.identity);
  else if (deps.agent === undefined) throw noKey(ssh);
  try {
    return await withStack(paths, 'host', deps, async (steps) => {
      const { context, journal } = steps;
      const known = await readPins(paths);
      const pin = await pinOf(paths.name, request, known, deps);
      const pins: HostPins = { ...known, [service]: pin };
      const recorded = journal.target.endpoints;
      const bUrl = request.bUrl ?? recorded.b;
      const token = request.auth === 'token' ? await tokenOf(paths, dryRun) : undefined;
      const spec = serviceSpec(
        { ...request, token, remoteB: service === 'b' || bUrl === undefined ? undefined : `${bUrl}/invoke` },
        deps.templates.services[service],
      );
      const target = { ...deps, stack: paths.name, sessions, token: async () => token };
      const desired = desiredHost(spec, pins, target);
      const world = hostTarget(pins, target, [service]);
      const plan = await observeAndPlan(world, desired, journal, context);
      context.emit({ type: 'plan', changes: plan.changes });
      const endpoints = { ...recorded, [service]: httpBase(ssh.address, layoutOf(service).port) };
      if (!dryRun) {
        await writePins(paths, pins);
        const asked = {
          ...recordedRequest.parse(journal.target.request ?? {}),
          [service]: { ...request, ssh: formatAccess(ssh) },
          ...(request.minProcessSeconds === undefined ? {} : { minProcessSeconds: request.minProcessSeconds }),
        };
        await journal.describe({ request: asked, endpoints, auth: request.auth, complete: false });
        await applyPlan(world, desired, plan, steps);
        await journal.describe({ request: asked, endpoints, auth: request.auth, complete: true });
      }
      const key = parsePublicKey(pin.hostKey);
      return {
        stack: paths.name,
        target: 'host',
        service,
        machine: formatAccess(ssh),
        hostKey: key === undefined ? '' : fingerprint(key),
        changes: plan.changes,
        applied: !dryRun,
        endpoints,
      };
    });
  } finally {
    await sessions.close();
  }
}

/** The stack's token, made when it is first needed; a dry run makes none. */
function tokenOf(paths: StackPaths, dryRun: boolean): Promise<string | undefined> {
  return dryRun ? readSecret(paths, TOKEN_SECRET) : ensureSecret(paths, TOKEN_SECRET, makeToken);
}

/** The pin that is known, unless the operator vouches for another key; else a new one. */
async function pinOf(
  stack: string,
  { service, ssh, identity }: HostRequest,
  pins: HostPins,
  { trust, signal }: HostDeployDeps,
): Promise<HostPin> {
  const known = pins[service];
  if (known !== undefined && (known.address !== ssh.address || known.port !== ssh.port)) {
    throw new RemedyError(
      `service ${service.toUpperCase()} of stack ${stack} is on ${formatAccess(known)}, and would be left running there`,
      {
        code: 'host-moved',
        exit: ExitCode.configuration,
        nextSteps: [
          `take it down first: chainctl teardown host --stack ${stack}`,
          'or use another stack: --stack NAME',
        ],
      },
    );
  }
  // The other service may be on the same machine.
  const same = [pins.a, pins.b].find((each) => each?.address === ssh.address && each.port === ssh.port);
  const pinned = same === undefined ? undefined : parsePublicKey(same.hostKey);
  const vouched = trust.expectedFingerprint;
  const keep = pinned !== undefined && (vouched === undefined || vouched === fingerprint(pinned));
  const hostKey = keep && same !== undefined ? same.hostKey : await pinHostKey(ssh, trust, signal);
  return { ...ssh, hostKey, ...(identity === undefined ? {} : { identity }) };
}

function noKey(ssh: SshAddress): RemedyError {
  return new RemedyError(`there is no key to show to ${formatAccess(ssh)}: no --identity, and no SSH agent`, {
    code: 'ssh-no-key',
    exit: ExitCode.configuration,
    nextSteps: ['name a private key: --identity ~/.ssh/id_ed25519', 'or start an agent: eval $(ssh-agent) && ssh-add'],
  });
}
