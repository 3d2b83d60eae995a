import { isGcp } from './errors.ts';

interface Labelled {
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly labelFingerprint?: unknown;
}

const ATTEMPTS = 5;

export function hasLabels(live: Labelled['labels'], wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => live?.[name] === value);
}

/**
 * Gives an object labels that its insert does not take. The call knows no request id: repeated after an answer that was
 * lost, it meets the fingerprint that it has changed itself.
 *
 * @param set makes the call with the newest fingerprint
 */
export async function ensureLabels(
  wanted: Readonly<Record<string, string>>,
  read: () => Promise<Labelled>,
  set: (labels: Record<string, string>, labelFingerprint: string) => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { labels, labelFingerprint } = await read();
    if (hasLabels(labels, wanted)) return;
    try {
      await set({ ...labels, ...wanted }, String(labelFingerprint ?? ''));
      return;
    } catch (error) {
      if (attempt >= ATTEMPTS || !isGcp(error, 'conditionNotMet')) throw error;
    }
  }
}
