import type { LoadedData } from '../workload/loaded.ts';
import type { RunOrder } from './protocol.ts';
import type { RequestSource } from './request-source.ts';
import { RequestTemplate } from './request-template.ts';

/** What makes the requests of a point. */
export function requestSource(order: RunOrder, data: LoadedData): RequestSource {
  return new RequestTemplate(order, data);
}
