import type { Provider } from '../stack/provider.ts';
import { aws } from './aws/provider.ts';
import { gcp } from './gcp/provider.ts';
import { host } from './host/provider.ts';
import { local } from './local/provider.ts';

/** The places that a stack can be deployed to, in the order in which they are taken down. */
export const PROVIDERS: readonly Provider[] = [local, host, aws, gcp];
