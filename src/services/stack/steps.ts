import { reasonOf } from '../../errors.ts';
import type { StepAction } from '../../events.ts';
import type { Journal } from './journal.ts';
import type { Desired, Resource, ResourceContext } from './resource.ts';

/** What the steps of one apply or teardown share. */
export interface StepDeps {
  readonly context: ResourceContext;
  readonly journal: Journal;
  /** A fresh token that has never been used. */
  newToken(): string;
}

async function step(
  context: ResourceContext,
  key: string,
  action: StepAction,
  work: () => Promise<string | undefined>,
) {
  const started = context.clock.monotonic();
  context.emit({ type: 'step-started', key, action });
  try {
    const detail = await work();
    const seconds = (context.clock.monotonic() - started) / 1000;
    context.emit({ type: 'step-done', key, action, seconds, ...(detail === undefined ? {} : { detail }) });
  } catch (error) {
    context.emit({ type: 'step-failed', key, action, reason: reasonOf(error) });
    throw error;
  }
}

function describeIdentity(identity: Readonly<Record<string, string | number>>): string {
  return Object.entries(identity)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/**
 * Creates a resource: intent and token on disk, the call, its result on disk, then readiness. A `creating` intent left
 * by an earlier run lends its token, so that a call that took effect unseen is met again and not doubled.
 */
export async function createStep(deps: StepDeps, { resource, spec }: Desired, action: 'create' | 'replace' = 'create') {
  const { context, journal } = deps;
  const { key } = resource;
  await step(context, key, action, async () => {
    const earlier = journal.resource(key);
    const token = earlier?.status === 'creating' ? earlier.token : deps.newToken();
    await journal.record(key, { status: 'creating', token, spec, identity: {} });
    const live = await resource.create(context, spec, token);
    const identity = resource.identify(live);
    await journal.record(key, { status: 'created', token, spec, identity });
    await resource.ready(context, live);
    await journal.record(key, { status: 'ready', token, spec, identity });
    return describeIdentity(identity);
  });
}

/** Changes a live resource in place. */
export async function updateStep({ context, journal, newToken }: StepDeps, { resource, spec }: Desired, live: unknown) {
  const { key } = resource;
  await step(context, key, 'update', async () => {
    if (resource.update === undefined) throw new Error(`${key} cannot be updated in place`);
    const token = journal.resource(key)?.token ?? newToken();
    const changed = await resource.update(context, spec, live);
    const identity = resource.identify(changed);
    await journal.record(key, { status: 'created', token, spec, identity });
    await resource.ready(context, changed);
    await journal.record(key, { status: 'ready', token, spec, identity });
    return describeIdentity(identity);
  });
}

/** Makes sure that something that is as wanted also works, and that the state knows it. */
export async function confirmStep(
  { context, journal, newToken }: StepDeps,
  { resource, spec }: Desired,
  live: unknown,
) {
  const recorded = journal.resource(resource.key);
  await resource.ready(context, live).catch((error: unknown) => {
    context.emit({ type: 'step-failed', key: resource.key, action: 'ready', reason: reasonOf(error) });
    throw error;
  });
  if (recorded?.status === 'ready') return;
  const token = recorded?.token ?? newToken();
  await journal.record(resource.key, { status: 'ready', token, spec, identity: resource.identify(live) });
}

/** Removes a live resource; its record goes only once it is gone. */
export async function removeStep({ context, journal }: StepDeps, resource: Resource<unknown, unknown>, live: unknown) {
  const { key } = resource;
  await step(context, key, 'remove', async () => {
    const recorded = journal.resource(key);
    const identity = resource.identify(live);
    const { token, spec } = recorded ?? { token: '', spec: undefined };
    await journal.record(key, { status: 'removing', token, spec, identity });
    await resource.remove(context, live);
    await journal.record(key, undefined);
    return describeIdentity(identity);
  });
}
