import { type RemedyError, remedy } from '../../errors.ts';
import type { StepAction } from '../../events.ts';
import type { Resource, ResourceContext } from '../stack/resource.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { engineOf, engineThere } from './engines/engines.ts';
import { passGate } from './health-gate.ts';
import { type HostOptions, observe, onMachine, type Step } from './host-resource.ts';
import { type LiveService, observeService } from './observe-service.ts';
import { activateRelease, removeOldReleases, removeScript, writeManifest } from './release.ts';
import { contentHash, type ServiceSpec } from './service-spec.ts';
import type { HostSession } from './session.ts';
import { STOP_TIMEOUT_SECONDS, tellCutOff, tellInFlight } from './stop.ts';
import type { ServiceTemplates } from './templates.ts';

export interface ServiceOptions extends HostOptions {
  readonly service: ServiceDefinition;
  readonly templates: ServiceTemplates;
  /** The stack's bearer token, asked for only when it is needed; undefined for a chain without one. */
  readonly token?: (() => Promise<string | undefined>) | undefined;
  /**
   * Resolves once what an answer of the service passes through serves, too: one that comes up at the same time and that it needs.
   * Waited for before the first answer is asked for.
   */
  readonly answerable?: ((context: ResourceContext) => Promise<void>) | undefined;
}

const UP_SECONDS = 120;

/** One service and its engine on one machine, as a Compose project. A change replaces the service's container only. */
export function serviceResource(
  key: string,
  dependsOn: readonly string[],
  options: ServiceOptions,
): Resource<ServiceSpec, LiveService> {
  const { stack, service, templates } = options;
  const over = <T>(
    action: StepAction,
    what: string,
    context: ResourceContext,
    work: (session: HostSession, step: Step) => Promise<T>,
  ) => onMachine(options, { key, action, what, waitSeconds: UP_SECONDS }, context, work);

  const activate = (action: 'create' | 'update') => async (context: ResourceContext, spec: ServiceSpec) => {
    const token = await options.token?.();
    return over(action, `deploying ${service.title}`, context, async (session, step): Promise<LiveService> => {
      const owner = ownerOf(await observeService(session, service.name, context.signal));
      if (owner !== undefined && owner !== stack) throw takenBy(owner, service, session.access);
      const manifest = await activateRelease(session, { service, stack, spec, templates, token }, step);
      return { manifest, containers: {}, address: session.access.address };
    });
  };

  return {
    key,
    dependsOn,
    async find(context) {
      const live = await observe(options, key, context, (session) =>
        observeService(session, service.name, context.signal),
      );
      // What another stack has put there is not ours: a deploy refuses it, a teardown leaves it alone.
      return (ownerOf(live) ?? stack) === stack ? live : undefined;
    },
    diff(spec, { manifest, containers }) {
      const hash = contentHash(spec);
      const engine = engineOf(spec);
      const engineRuns = engine === undefined || containers[engine.name]?.state === 'running';
      const runs = engineRuns && containers.service?.state === 'running';
      return manifest?.hash === hash && containers.service?.hash === hash && runs ? 'same' : 'update';
    },
    create: activate('create'),
    update: activate('update'),
    async ready(context, { manifest }) {
      if (manifest === undefined) throw new Error(`${key} has no manifest`);
      const { verified } = manifest;
      const token = await options.token?.();
      if (!verified) await options.answerable?.(context);
      await over('ready', 'checking the service', context, async (session, step) => {
        const restoreModel = async () =>
          engineThere(manifest)?.ensure(session, manifest, { ...step, action: 'update' });
        await passGate(session, { service, token, verified, restoreModel }, step);
        if (verified) return;
        await writeManifest(session, { ...manifest, verified: true }, context.signal);
        await removeOldReleases(session, manifest, context.signal);
      });
    },
    async remove(context) {
      const what = `removing ${service.title}`;
      await over('remove', what, context, async (session, step) => {
        await tellInFlight(session, service, step);
        const options = { what, timeoutSeconds: STOP_TIMEOUT_SECONDS, signal: context.signal };
        tellCutOff(key, await session.exec(removeScript(service.name), options), context);
      });
    },
    identify: ({ address, manifest }) => ({
      address,
      ...(manifest && { release: manifest.hash }),
      ...(manifest?.model !== undefined && { model: manifest.model }),
    }),
  };
}

function ownerOf(live: LiveService | undefined): string | undefined {
  return live?.manifest?.stack ?? live?.containers.service?.stack;
}

function takenBy(owner: string, service: ServiceDefinition, access: HostAccess): RemedyError {
  return remedy.configuration(
    'host-taken',
    `${formatAccess(access)} already runs the ${service.title} of stack ${owner}`,
    [`take that one down first: chainctl teardown host --stack ${owner}`, 'or use another machine'],
  );
}
