import { CONTINUE, RemedyError, reasonOf, remedy } from '../../../../errors.ts';
import type { HostAccess } from '../../../machine/access.ts';
import { hostFailure } from '../../../machine/failures.ts';
import { type HostOptions, hostResource } from '../../../machine/host-resource.ts';
import type { LoginKeys } from '../../../machine/login-keys.ts';
import { putFile } from '../../../machine/put-file.ts';
import { serviceResource } from '../../../machine/service-resource.ts';
import type { ServiceSpec } from '../../../machine/service-spec.ts';
import type { HostSession } from '../../../machine/session.ts';
import type { HostSessions } from '../../../machine/sessions.ts';
import { type HostTemplates, templatesOf } from '../../../machine/templates.ts';
import { pollUntil } from '../../../stack/poll.ts';
import type { Resource, ResourceContext } from '../../../stack/resource.ts';
import { stackOption } from '../../../stack/stack-option.ts';
import { definitionOf } from '../../../workloads/catalog.ts';
import type { Instance } from '../compute-calls.ts';
import { shortName } from '../names.ts';
import { type Builder, type BuilderSpec, publicAddressOf } from './builder.ts';
import { loginAccess } from './login.ts';

export interface BakeDeps {
  readonly stack: string;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  readonly keys: LoginKeys;
  newId(): string;
}

const START_SECONDS = 300;
/** For one that runs already: enough for the end of a boot. A machine that boots is waited for much longer. */
const KNOCK = { waitSeconds: 40, timeoutSeconds: 40, attempts: 2 };
/** It answered a moment ago. Not begun again by itself: there may be nobody to let us in. */
const SEAL = { waitSeconds: 60, timeoutSeconds: 300, attempts: 1 };
const SERVE = '/usr/local/sbin/chainctl-serve';
const UNIT = '/etc/systemd/system/chainctl-serve.service';

/** What it means that a machine no longer lets its owner in. */
const SHUT_OUT = [
  'ssh-authentication',
  'host-key-changed',
  'host-unreachable',
  'host-connection-lost',
  'host-timeout',
  'needs-root',
];

function isShutOut(error: unknown): boolean {
  return error instanceof RemedyError && SHUT_OUT.includes(error.code);
}

/**
 * Gets a builder to the point at which its disk can be made an image: everything is on it, it has given a real answer,
 * nothing on it says who it was, and it is stopped. Goes on with what an earlier run has left.
 *
 * @param key of the step on whose behalf it is done
 * @returns the stopped VM
 */
export async function bake(
  builder: Builder,
  key: string,
  { vm: vmSpec, service: serviceSpec }: { readonly vm: BuilderSpec; readonly service: ServiceSpec },
  deps: BakeDeps,
  context: ResourceContext,
): Promise<Instance> {
  const waiting = (reason: string) => context.emit({ type: 'step-waiting', key, action: 'create', reason });
  const left = await usable(await builder.find(context));
  if (left === undefined) waiting(`making the VM ${builder.name}`);
  else waiting(`continuing with ${builder.name}, left by an earlier run`);
  let vm = left ?? (await builder.create(context, vmSpec, deps.newId()));
  try {
    vm = await running(vm);
    try {
      if (left?.status === 'RUNNING') await run('logging in', KNOCK, ['true']);
      await prepare();
    } catch (error) {
      // One that was being sealed may let nobody in any more, until it boots again.
      if (left === undefined || context.signal.aborted || !isShutOut(error)) throw error;
      waiting(`starting ${builder.name} again: ${reasonOf(error)}`);
      await builder.stop(context, vm);
      vm = await running(await builder.look(context));
      await prepare();
    }
  } catch (error) {
    const on = stackOption(deps.stack);
    const text = `the VM ${builder.name} is still there and costs money: the same deploy continues with it, "chainctl teardown gcp${on}" removes it`;
    context.emit({ type: 'note', level: 'warn', text });
    throw error;
  }
  waiting(`stopping ${builder.name}`);
  await builder.stop(context, vm);
  return builder.look(context);

  /** One that is off in another zone than is wanted now would have to be switched on where there may be no machines left. */
  async function usable(found: Instance | undefined): Promise<Instance | undefined> {
    if (found === undefined || found.status === 'RUNNING' || shortName(found.zone) === vmSpec.zone) return found;
    await builder.remove(context, found);
    return undefined;
  }

  async function running(seen: Instance): Promise<Instance> {
    if (seen.status !== 'RUNNING') waiting(`starting ${builder.name}`);
    if (seen.status === 'STOPPING') await builder.stop(context, seen);
    if (seen.status === 'STOPPING' || seen.status === 'TERMINATED') await builder.start(context, seen);
    return pollUntil(context, {
      key,
      action: 'create',
      deadlineSeconds: START_SECONDS,
      async look() {
        const now = await builder.look(context);
        return now.status === 'RUNNING' ? { done: now } : { reason: `the VM ${builder.name} is ${now.status}` };
      },
      late: (reason) => remedy.unhealthy('not-ready', `${reason} after ${START_SECONDS} s`, [CONTINUE]),
    });
  }

  function access(): HostAccess {
    const address = publicAddressOf(vm);
    if (address === undefined) throw new Error(`${builder.name} has no public address`);
    return loginAccess(deps.keys, address);
  }

  /** Runs scripts on it, one session for all. One that hangs up, or says nothing, shuts out as much as one that refuses. */
  async function run(what: string, bounds: typeof KNOCK, ...scripts: readonly (readonly string[])[]): Promise<void> {
    const { signal } = context;
    const { timeoutSeconds, ...use } = bounds;
    const work = async (session: HostSession) => {
      for (const [script = '', stdin = ''] of scripts)
        await session.exec(script, { what, timeoutSeconds, stdin, signal });
    };
    await deps.sessions.use(access(), context, { ...use, waiting }, work).catch((error: unknown) => {
      signal.throwIfAborted();
      throw hostFailure(what, access(), error);
    });
  }

  async function prepare(): Promise<void> {
    const options: HostOptions = {
      stack: deps.stack,
      sessions: deps.sessions,
      boot: deps.templates.boot,
      unreachable: 'absent',
      access: async () => access(),
      async gone() {
        const { status } = await builder.look(context);
        const alive = status === 'PROVISIONING' || status === 'STAGING' || status === 'RUNNING';
        return alive ? undefined : new Error(`the VM ${builder.name} is ${status}`);
      },
    };
    await bring(hostResource(key, [], options), { docker: 'installed' });
    const definition = definitionOf(serviceSpec.service);
    const service = { ...options, service: definition, templates: templatesOf(deps.templates, definition) };
    await bring(serviceResource(key, [], service), serviceSpec);
    waiting('removing what only this VM may know');
    // What starts the service at boot goes on it. Afterwards it lets nobody in, until it boots again.
    const { serve, serveUnit, seal } = deps.templates.boot;
    await run(
      'sealing the disk',
      SEAL,
      [putFile(SERVE, serve, '755'), serve],
      [putFile(UNIT, serveUnit, '644'), serveUnit],
      [`${putFile('/run/chainctl-seal', seal)}; sh /run/chainctl-seal </dev/null 2>&1`, seal],
    );
  }

  /** To make what is on a machine once more is to change it: each step of it finds out what is there. */
  async function bring<Spec, Live>(resource: Resource<Spec, Live>, spec: Spec): Promise<void> {
    const there = await resource.find(context);
    const live =
      there === undefined || resource.diff(spec, there) !== 'same'
        ? await resource.create(context, spec, deps.newId())
        : there;
    await resource.ready(context, live);
  }
}
