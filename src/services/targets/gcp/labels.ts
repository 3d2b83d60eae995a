import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { patchStep, withNewest } from './object.ts';
import { change } from './operations.ts';

interface Labelled {
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly labelFingerprint?: unknown;
}

interface Labelling {
  readonly call: 'addresses.setLabels' | 'forwardingRules.setLabels';
  /** The resource on whose behalf it is done. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  read(name: string, signal: AbortSignal): Promise<Labelled>;
}

export function hasLabels(live: Labelled['labels'], wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => live?.[name] === value);
}

/**
 * Gives an object labels that its insert does not take. The call knows no request id: repeated after an answer that was
 * lost, it meets the fingerprint that it has changed itself.
 */
export async function ensureLabels(
  compute: Compute,
  context: ResourceContext,
  name: string,
  { call, key, labels: wanted, read }: Labelling,
): Promise<void> {
  await withNewest(
    () => read(name, context.signal),
    async ({ labels, labelFingerprint }) => {
      if (hasLabels(labels, wanted)) return;
      const all = { labels: { ...labels, ...wanted }, labelFingerprint: String(labelFingerprint ?? '') };
      await change(compute, context, call, { resource: name, globalSetLabelsRequestResource: all }, patchStep(key));
    },
  );
}
