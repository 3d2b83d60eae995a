import type { RunOrder } from './protocol.ts';
import type { RequestSource } from './request-source.ts';
import { RequestTemplate } from './request-template.ts';

/** What makes the requests of a point. */
export function requestSource(order: RunOrder): RequestSource {
  return new RequestTemplate(order);
}
