import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '../../stack/provider.ts';
import { readSecret } from '../../stack/secrets.ts';
import { canRun, type GcpFlags, gcpDeployFlags, gcpDoctorFlags, gcpPlaceFlags } from './flags.ts';
import { groupFlags } from './group-flags.ts';
import { type GcpRequest, HOST_KEY_B } from './request.ts';

/** Variables of which each alone is a sign of a project or of credentials. */
const SIGNS = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_PROJECT',
  'CLOUDSDK_CORE_PROJECT',
  'CHAINCTL_GCP_ENDPOINT_URL',
];

/** Compute Engine: a group of VMs for a service behind a load balancer. The library is only loaded by the first call. */
export const gcp: Provider<GcpRequest> = {
  name: 'gcp',
  title: 'Google Cloud',
  help: {
    summary: 'bring a service up on Google Cloud: an autoscaled group of VMs behind a load balancer',
    description: `Makes everything with your own Google Cloud credentials. Shows what it costs and asks first.
The load balancer is public: everybody can reach the service; only requests with the stack's token are served.
Run it again to change what differs, or to go on after anything that went wrong. "chainctl teardown gcp" leaves nothing.`,
    examples: ['--ttl 4h', '--zones europe-west3-c,europe-west3-a --autoscale lb=0.8 --max 2', '--dry-run --json'],
  },
  billed: true,
  neighbours: false,
  runs: canRun,
  chosen: (services) => services.filter((each) => gcp.runs(each)).slice(0, 1),
  placeFlags: gcpPlaceFlags,
  deployFlags: gcpDeployFlags,
  doctorFlags: gcpDoctorFlags,
  groupFlags,
  async ask(site, services) {
    const { askGcp } = await import('./ask.ts');
    return askGcp(site.flags as GcpFlags, site, services);
  },
  hasTraces: async ({ paths }) => (await readSecret(paths, HOST_KEY_B)) !== undefined,
  async isConfigured({ flags, record, operator: { env, userHome } }) {
    if (record !== undefined || Object.keys(gcpPlaceFlags).some((name) => flags[name] !== undefined)) return true;
    if (SIGNS.some((name) => env[name])) return true;
    const config = env.CLOUDSDK_CONFIG || join(userHome, '.config', 'gcloud');
    return existsSync(join(config, 'application_default_credentials.json'));
  },
  async connect(site) {
    const { connectGcp } = await import('./connect.ts');
    return connectGcp(site);
  },
};
