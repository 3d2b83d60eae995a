import { request } from 'undici';
import { z } from 'zod';

const TIMEOUT_MS = 2000;

const status = z.looseObject({ backends: z.array(z.looseObject({ name: z.string(), healthy: z.boolean() })) });

/**
 * Which replicas the local proxy has in rotation, as it tells itself.
 *
 * @returns by name; undefined when it does not answer, which a group without a load balancer does not either
 */
export async function readProxy(base: string, signal: AbortSignal): Promise<ReadonlyMap<string, boolean> | undefined> {
  try {
    const { statusCode, body } = await request(`${base}/-/proxy`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      reset: true,
    });
    const parsed = status.safeParse(JSON.parse(await body.text()));
    if (statusCode !== 200 || !parsed.success) return undefined;
    return new Map(parsed.data.backends.map(({ name, healthy }) => [name, healthy]));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
