import { request } from 'undici';
import { reasonOf } from '../../errors.ts';
import { parseJson } from '../words.ts';
import type { TargetRecord } from './state.ts';
import { recordedStatus, type TargetStatus } from './target-status.ts';

/** Characters of a service's own words that are shown. */
const MAX_REASON = 500;

/** Undefined when the service says that it can serve, else why not. */
export async function healthReason(url: string): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, { headersTimeout: 2000, bodyTimeout: 2000, reset: true });
    const text = await body.text();
    if (statusCode !== 200) return `HTTP ${statusCode}: ${statedReason(text)}`;
    // A answers 200 as long as it serves; whether its model can is in `ready`.
    return /"ready":\s*false/.test(text) ? statedReason(text) : undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** What a service says about itself in its refusal; the bare text where it is not one of ours. */
function statedReason(text: string): string {
  const { reason, detail } = (parseJson(text) ?? {}) as { readonly reason?: unknown; readonly detail?: unknown };
  return String(reason ?? detail ?? text).slice(0, MAX_REASON);
}

/**
 * The record, and one question to where a service answers.
 *
 * @param url base URL of the service; undefined for one that is not known yet
 * @param key the resource of which the answer tells
 */
export async function healthStatus(
  target: string,
  record: TargetRecord,
  url: string | undefined,
  key: string,
): Promise<TargetStatus> {
  const status = recordedStatus(target, record);
  if (url === undefined) return status;
  const reason = await healthReason(`${url}/health`);
  const resources = status.resources.map((each) => {
    if (each.key !== key || each.state !== 'recorded') return each;
    const seen = reason === undefined ? ({ state: 'healthy' } as const) : ({ state: 'unhealthy', reason } as const);
    return { ...each, ...seen, address: new URL(url).host };
  });
  return { ...status, resources, healthy: status.healthy && reason === undefined };
}
