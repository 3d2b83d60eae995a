import { RemedyError, reasonOf } from '../../errors.ts';
import type { StepAction } from '../../events.ts';
import type { Progress } from './graph.ts';
import type { Journal } from './journal.ts';
import { type Desired, NotMade, type Resource, type ResourceContext, type Target } from './resource.ts';
import { stackOption } from './stack-option.ts';
import type { ResourceRecord } from './state.ts';

/** What the steps of one apply or teardown share. */
export interface StepDeps {
  readonly context: ResourceContext;
  readonly journal: Journal;
  /** A fresh token that has never been used. */
  newToken(): string;
}

type Identity = ResourceRecord['identity'];

/**
 * @param work resolves with what identifies the object; with nothing where it has to stop half-way because of others, who
 *   say why
 */
async function step(
  { clock, emit, signal }: ResourceContext,
  key: string,
  action: StepAction,
  work: () => Promise<Identity | undefined>,
): Promise<void> {
  const started = clock.monotonic();
  emit({ type: 'step-started', key, action });
  try {
    const identity = await work();
    if (identity === undefined) return;
    const seconds = (clock.monotonic() - started) / 1000;
    emit({ type: 'step-done', key, action, seconds, detail: describeIdentity(identity) });
  } catch (error) {
    throw failed({ emit, signal }, key, action, error);
  }
}

/** Tells of a failure, and makes sure that its error says which resource it is about. */
function failed(
  { emit, signal }: Pick<ResourceContext, 'emit' | 'signal'>,
  key: string,
  action: StepAction,
  error: unknown,
): unknown {
  const reason = reasonOf(error);
  emit({ type: 'step-failed', key, action, reason });
  const named = reason.split(/[^\w-]+/).includes(key);
  if (named || (signal.aborted && error === signal.reason)) return error;
  if (!(error instanceof RemedyError)) return new Error(`${key}: ${reason}`, { cause: error });
  const { code, exit, nextSteps, cause } = error;
  return new RemedyError(`${key}: ${error.message}`, { code, exit, nextSteps, cause });
}

function describeIdentity(identity: Identity): string {
  return Object.entries(identity)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/**
 * Creates a resource: intent and token on disk, the call, its result on disk, then readiness. A `creating` intent left
 * by an earlier run lends its token, so that a call that took effect unseen is met again and not doubled. Of a refusal
 * after which nothing was made for certain, nothing stays.
 *
 * @param progress told when it is there; asked whether what it was made beside, or ahead of, works, before its own
 *   readiness is waited for: where that has failed, it stays as it is
 */
export function createStep(
  { context, journal, newToken }: StepDeps,
  { resource, spec }: Desired,
  action: 'create' | 'replace',
  progress: Progress,
): Promise<void> {
  const { key } = resource;
  return step(context, key, action, async () => {
    const earlier = journal.resource(key);
    const token = earlier?.status === 'creating' ? earlier.token : newToken();
    await journal.record(key, { status: 'creating', token, spec, identity: {} });
    const live = await resource.create(context, spec, token).catch(async (error: unknown) => {
      if (!(error instanceof NotMade)) throw error;
      await journal.record(key, undefined);
      throw error.cause;
    });
    const identity = resource.identify(live);
    await journal.record(key, { status: 'created', token, spec, identity });
    progress.isThere();
    const pending = progress.pending();
    if (pending.length > 0) {
      context.emit({ type: 'step-waiting', key, action, reason: `there, waiting for ${pending.join(', ')}` });
    }
    if (!(await progress.othersDone())) return undefined;
    await resource.ready(context, live);
    await journal.record(key, { status: 'ready', token, spec, identity });
    return identity;
  });
}

/** Changes a live resource in place; the intent stands until the change has taken effect, and is made good otherwise. */
export function updateStep(
  { context, journal, newToken }: StepDeps,
  { resource, spec }: Desired,
  live: unknown,
): Promise<void> {
  const { key } = resource;
  return step(context, key, 'update', async () => {
    if (resource.update === undefined) throw new Error(`${key} cannot be updated in place`);
    const token = journal.resource(key)?.token ?? newToken();
    await journal.record(key, { status: 'updating', token, spec, identity: resource.identify(live) });
    const changed = await resource.update(context, spec, live);
    const identity = resource.identify(changed);
    await journal.record(key, { status: 'created', token, spec, identity });
    await resource.ready(context, changed);
    await journal.record(key, { status: 'ready', token, spec, identity });
    return identity;
  });
}

/** Makes sure that something that is as wanted also works, and that the state knows it. */
export async function confirmStep(
  { context, journal, newToken }: StepDeps,
  { resource, spec }: Desired,
  live: unknown,
): Promise<void> {
  const { key } = resource;
  const recorded = journal.resource(key);
  try {
    await resource.ready(context, live);
  } catch (error) {
    throw failed(context, key, 'ready', error);
  }
  const identity = resource.identify(live);
  const known = recorded?.status === 'ready' && JSON.stringify(recorded.identity) === JSON.stringify(identity);
  if (!known) await journal.record(key, { status: 'ready', token: recorded?.token ?? newToken(), spec, identity });
}

/** Removes a live resource; its record goes only once it is gone. */
export function removeStep(
  { context, journal }: StepDeps,
  resource: Resource<unknown, unknown>,
  live: unknown,
): Promise<void> {
  const { key } = resource;
  return step(context, key, 'remove', async () => {
    const identity = resource.identify(live);
    const { token, spec } = journal.resource(key) ?? { token: '', spec: undefined };
    await journal.record(key, { status: 'removing', token, spec, identity });
    await resource.remove(context, live);
    await journal.record(key, undefined);
    return identity;
  });
}

/**
 * After work that did not come to its end: says as a warning what exists, what of it costs money, and how to be rid of
 * it. From the journal, so that it holds whatever went wrong.
 *
 * @param orElse what else can be done, beside a teardown
 */
export function noteRemaining(target: Target, { context, journal }: StepDeps, orElse?: string): void {
  const list = Object.entries(journal.target.resources).map(([key, record]) => {
    const cost = target.costOf?.(key, record.spec);
    return `${key}${describeRecord(key, record)}${cost === undefined ? '' : ` (${cost})`}`;
  });
  if (list.length === 0) return;
  const remedy = `chainctl teardown ${target.name}${stackOption(journal.stack)}`;
  const text = `still there: ${list.join(', ')}; "${remedy}" removes it${orElse === undefined ? '' : `, ${orElse}`}`;
  context.emit({ type: 'note', level: 'warn', text });
}

/** What finds it: the first of what is known, unless that is the key once more. */
function describeRecord(key: string, { status, identity }: ResourceRecord): string {
  const [first] = Object.entries(identity);
  const known = first === undefined || `${first[1]}`.endsWith(`-${key}`) ? '' : ` ${first.join(' ')}`;
  if (status === 'creating') return `${known}, perhaps (it was being made)`;
  return status === 'removing' ? `${known}, perhaps (it was being removed)` : known;
}
