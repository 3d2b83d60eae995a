import { homedir } from 'node:os';
import { systemClock } from '../../../runtime.ts';
import { chainctlHome, type StackPaths } from '../../stack/paths.ts';
import type { StackDeps } from '../../stack/session.ts';
import { readState } from '../../stack/state.ts';
import { type Ec2, openEc2 } from './ec2.ts';
import { recordedRequest } from './guards.ts';
import { chooseRegion } from './request.ts';

export interface AwsFlagValues {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
}

/** EC2 as flags, the stack's record and the environment mean it. A damaged record is no reason not to look. */
export async function ec2Of(flags: AwsFlagValues, paths?: StackPaths): Promise<Ec2> {
  const state = paths === undefined ? undefined : await readState(paths.state).catch(() => undefined);
  const recorded = recordedRequest(state?.targets.aws?.request);
  return openEc2({
    region: chooseRegion({ flag: flags.region, recorded: recorded?.region, env: process.env }),
    profile: flags.profile ?? recorded?.profile,
    endpoint: flags['endpoint-url'],
    clock: systemClock,
  });
}

/** The endpoint when it is not that of AWS. */
export function ec2Endpoint(flags: AwsFlagValues): string | undefined {
  return flags['endpoint-url'] ?? (process.env.AWS_ENDPOINT_URL_EC2 || process.env.AWS_ENDPOINT_URL || undefined);
}

/** chainctl's own folder. */
export function homeFolder(): string {
  return chainctlHome(process.env, homedir());
}

/** Who makes things, as the tags have it. */
export function createdByOf({ self }: Pick<StackDeps, 'self'>): string {
  return `${self.user}@${self.host}`;
}
