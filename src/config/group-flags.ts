import { Flags, type Interfaces } from '@oclif/core';
import { ExitCode, RemedyError } from '../errors.ts';
import { numberFlag, urlFlag } from './flags.ts';

/** Which group is meant: that of the stack, or one that chainctl did not make. */
export const groupFlags = {
  group: Flags.string({
    description: "a managed instance group that chainctl did not make [default: the stack's own]",
    helpValue: 'NAME',
    env: 'CHAINCTL_GROUP',
  }),
  project: Flags.string({
    description: "project of the group [default: the credentials' own]",
    helpValue: 'PROJECT',
    env: 'CHAINCTL_GCP_PROJECT',
  }),
  zone: Flags.string({ description: 'zone of the group', helpValue: 'ZONE', exclusive: ['region'] }),
  region: Flags.string({ description: 'region of a regional group', helpValue: 'REGION' }),
  'backend-service': Flags.string({
    description: 'its backend service, to see what the load balancer finds healthy',
    helpValue: 'NAME',
  }),
  url: urlFlag({ description: 'where its clients find it, to see who answers' }),
  'endpoint-url': urlFlag({
    description: 'another Compute Engine endpoint than that of Google, for a lab',
    env: 'CHAINCTL_GCP_ENDPOINT_URL',
  }),
};

export type GroupFlags = Interfaces.InferredFlags<typeof groupFlags>;

/** For the elasticity metrics: what one instance sustains is the measure of demand. */
export const capacityFlag = numberFlag({
  description: 'requests per second that one instance sustains, for the elasticity metrics',
  min: 0.001,
  helpValue: 'RPS',
});

/** Where a group of Compute Engine is. */
export interface GroupPlace {
  readonly group: string;
  readonly location: { readonly zone: string } | { readonly region: string };
  readonly project?: string;
  readonly backendService?: string;
  readonly url?: string;
}

/**
 * The group that the flags name.
 *
 * @returns undefined when they name none: the stack's own is meant
 * @throws RemedyError (exit 2) when they say only a part of where it is
 */
export function namedGroup(flags: GroupFlags): GroupPlace | undefined {
  const { group, project, zone, region, url, 'backend-service': backendService } = flags;
  if (group === undefined) {
    const part = Object.entries({ zone, region, url, 'backend-service': backendService }).find(([, value]) => value);
    if (part === undefined) return undefined;
    throw usage(`--${part[0]} says something about a group, and none is named`);
  }
  const location = zone !== undefined ? { zone } : region === undefined ? undefined : { region };
  if (location === undefined) throw usage(`where is group ${group}? It has a zone or a region`);
  return {
    group,
    location,
    ...(project === undefined ? {} : { project }),
    ...(backendService === undefined ? {} : { backendService }),
    ...(url === undefined ? {} : { url }),
  };
}

function usage(message: string): RemedyError {
  return new RemedyError(message, {
    code: 'usage',
    exit: ExitCode.usage,
    nextSteps: [
      'name it whole: --project P --zone europe-west3-c --group llm-b-mig',
      "or leave these flags out, and the stack's own group is meant",
    ],
  });
}
