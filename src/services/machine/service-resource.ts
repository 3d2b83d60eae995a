import { type RemedyError, remedy } from '../../errors.ts';
import type { Resource, ResourceContext } from '../stack/resource.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { hostFailure } from './failures.ts';
import { passGate } from './health-gate.ts';
import { type HostOptions, machineOf, observe, STEP_ATTEMPTS } from './host-resource.ts';
import { layoutOf } from './layout.ts';
import { ensureModel } from './model.ts';
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
  readonly token?: () => Promise<string | undefined>;
  /**
   * Resolves once what an answer of the service passes through serves, too: one that comes up at the same time and that it needs.
   * Waited for before the first answer is asked for.
   */
  readonly answerable?: ((context: ResourceContext) => Promise<void>) | undefined;
}

/** After a start: loading a model from a slow disk takes minutes. */
const FIRST_HEALTH_SECONDS = 600;
const FIRST_ANSWER_SECONDS = 60;
/** For a service that has served before: a machine that just booted loads its model again. */
const HEALTH_SECONDS = 180;
const UP_SECONDS = 120;

/** One service and its engine on one machine, as a Compose project. A change replaces the service's container only. */
export function serviceResource(
  key: string,
  dependsOn: readonly string[],
  options: ServiceOptions,
): Resource<ServiceSpec, LiveService> {
  const { stack, sessions, service, templates } = options;
  return {
    key,
    dependsOn,
    async find(context) {
      const live = await observe(options, context, key, (session) =>
        observeService(session, service.name, context.signal),
      );
      // What another stack has put there is not ours: a deploy refuses it, a teardown leaves it alone.
      return live !== undefined && (ownerOf(live) ?? stack) === stack ? live : undefined;
    },
    diff(spec, { manifest, containers }) {
      const hash = contentHash(spec);
      const engine = spec.model === undefined || containers.ollama?.state === 'running';
      const runs = engine && containers.service?.state === 'running';
      return manifest?.hash === hash && containers.service?.hash === hash && runs ? 'same' : 'update';
    },
    create: (context, spec) => activate('create', context, spec),
    update: (context, spec) => activate('update', context, spec),
    async ready(context, { manifest }) {
      if (manifest === undefined) throw new Error(`${key} has no manifest`);
      const { project, manifest: path } = layoutOf(service.name);
      const { model } = manifest;
      const gate = {
        key,
        service,
        token: await options.token?.(),
        healthSeconds: manifest.verified ? HEALTH_SECONDS : FIRST_HEALTH_SECONDS,
        answerSeconds: manifest.verified ? 0 : FIRST_ANSWER_SECONDS,
      };
      if (!manifest.verified) await options.answerable?.(context);
      await over('ready', 'checking the service', context, async (session) => {
        const pulled = { project, key, action: 'update' } as const;
        const again =
          model === undefined ? {} : { restoreModel: () => ensureModel(session, { ...pulled, model }, context) };
        await passGate(session, { ...gate, ...again }, context);
        if (manifest.verified) return;
        await writeManifest(session, path, { ...manifest, verified: true }, context.signal);
        await removeOldReleases(session, manifest, context.signal);
      });
    },
    async remove(context) {
      const what = `removing ${service.title}`;
      await over('remove', what, context, async (session) => {
        await tellInFlight(session, { key, service, action: 'remove' }, context);
        const options = { what, timeoutSeconds: STOP_TIMEOUT_SECONDS, signal: context.signal };
        tellCutOff(key, await session.exec(removeScript(service.name), options), context);
      });
    },
    identify: ({ address, manifest }) => ({
      address,
      ...(manifest === undefined
        ? {}
        : { release: manifest.hash, ...(manifest.model === undefined ? {} : { model: manifest.model }) }),
    }),
  };

  async function activate(
    action: 'create' | 'update',
    context: ResourceContext,
    spec: ServiceSpec,
  ): Promise<LiveService> {
    const token = await options.token?.();
    return over(action, `deploying ${service.title}`, context, async (session) => {
      const there = await observeService(session, service.name, context.signal);
      const owner = there === undefined ? undefined : ownerOf(there);
      if (owner !== undefined && owner !== stack) throw takenBy(owner, service, session.access);
      const manifest = await activateRelease(session, { key, action, service, stack, spec, templates, token }, context);
      return { manifest, containers: {}, address: session.access.address };
    });
  }

  /** Runs one step over the machine's connection, begun again when that breaks: every step here can be repeated. */
  async function over<T>(
    action: 'create' | 'update' | 'ready' | 'remove',
    what: string,
    context: ResourceContext,
    work: (session: HostSession) => Promise<T>,
  ): Promise<T> {
    const access = await machineOf(options, context, key);
    const waiting = (reason: string) => context.emit({ type: 'step-waiting', key, action, reason });
    const gone = async () => options.gone?.(context);
    const use = { waitSeconds: UP_SECONDS, attempts: STEP_ATTEMPTS, waiting, gone };
    try {
      return await sessions.use(access, context, use, work);
    } catch (error) {
      context.signal.throwIfAborted();
      throw hostFailure(what, access, error);
    }
  }
}

function ownerOf({ manifest, containers }: LiveService): string | undefined {
  return manifest?.stack ?? containers.service?.stack;
}

function takenBy(owner: string, service: ServiceDefinition, access: HostAccess): RemedyError {
  return remedy.configuration(
    'host-taken',
    `${formatAccess(access)} already runs the ${service.title} of stack ${owner}`,
    [`take that one down first: chainctl teardown host --stack ${owner}`, 'or use another machine'],
  );
}
