import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '../../stack/provider.ts';
import { readSecret } from '../../stack/secrets.ts';
import { awsDeployFlags, awsDoctorFlags, awsPlaceFlags } from './flags.ts';
import type { AwsRequest } from './request.ts';
import { HOST_KEY } from './tags.ts';

/** Variables of which each alone is a sign of credentials (docs.aws.amazon.com/sdkref, standardized providers). */
const SIGNS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ENDPOINT_URL_EC2',
  'AWS_ENDPOINT_URL',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** EC2: a VM of its own for a service. The library is only loaded by the first call to EC2. */
export const aws: Provider<AwsRequest> = {
  name: 'aws',
  title: 'AWS',
  help: {
    summary: 'bring a service up on a VM of its own on AWS',
    description: `Makes a key pair, a security group and a VM with your own EC2 credentials. Shows what it costs and asks first.
Only your address can log in. Only your address can use the service, unless --allow or --public is given.
Run it again to change what differs, or to go on after anything that went wrong. "chainctl teardown aws" leaves nothing.`,
    examples: [
      '--b-url http://198.51.100.9 --ttl 4h',
      '--region us-east-1 --type t4g.large --allow 203.0.113.0/24',
      '--b-url http://198.51.100.9 --dry-run --json',
    ],
  },
  billed: true,
  neighbours: false,
  runs: () => true,
  // What nobody needs is where the chain is entered.
  chosen: (services) => services.filter((each) => !services.some(({ needs }) => needs.includes(each.name))).slice(0, 1),
  placeFlags: awsPlaceFlags,
  deployFlags: awsDeployFlags,
  doctorFlags: awsDoctorFlags,
  async ask(site, services) {
    const { askAws } = await import('./request.ts');
    return askAws(site, services);
  },
  // The operator's own key is the same on every cloud.
  hasTraces: async ({ paths }) => (await readSecret(paths, HOST_KEY)) !== undefined,
  async isConfigured({ flags, record, operator: { env, userHome } }) {
    if (record !== undefined || Object.keys(awsPlaceFlags).some((name) => flags[name] !== undefined)) return true;
    if (SIGNS.some((name) => env[name])) return true;
    const files = [
      env.AWS_SHARED_CREDENTIALS_FILE || join(userHome, '.aws', 'credentials'),
      env.AWS_CONFIG_FILE || join(userHome, '.aws', 'config'),
    ];
    return files.some((file) => existsSync(file));
  },
  async connect(site) {
    const { connectAws } = await import('./connect.ts');
    return connectAws(site);
  },
};
