import type { Generator } from './generate.ts';
import type { Offer } from './offer.ts';
import type { ApiSettings } from './settings.ts';
import type { WorkDeps } from './work.ts';

/** What the routes of the open APIs need of their service. */
export interface ApiDeps {
  readonly settings: ApiSettings;
  readonly work: WorkDeps;
  readonly offer: Offer;
  readonly generator: Generator;
}
