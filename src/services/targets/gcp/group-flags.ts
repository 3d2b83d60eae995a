import { Flags, type Interfaces } from '@oclif/core';
import { urlFlag } from '../../../config/flags.ts';
import { type RemedyError, remedy } from '../../../errors.ts';
import type { FlagValues } from '../../workloads/service-definition.ts';
import type { GroupReference } from './group-source.ts';

/** Which group is meant: that of the stack, or one that chainctl did not make. */
export const groupFlags = {
  group: Flags.string({
    description: "a managed instance group that chainctl did not make [default: the stack's own]",
    helpValue: 'NAME',
    env: 'CHAINCTL_GROUP',
  }),
  zones: Flags.string({
    description: 'zone of the group',
    helpValue: 'ZONE',
    exclusive: ['gcp-region'],
    aliases: ['zone'],
    deprecateAliases: true,
  }),
  'gcp-region': Flags.string({
    description: 'region of the group, if it is regional',
    helpValue: 'REGION',
    aliases: ['region'],
    deprecateAliases: true,
  }),
  'backend-service': Flags.string({
    description: "the group's backend service: shows which instances the load balancer finds healthy",
    helpValue: 'NAME',
  }),
  url: urlFlag({ description: "the group's address: polled to see which hosts answer" }),
};

type GroupFlags = Partial<Interfaces.InferredFlags<typeof groupFlags>>;
const PARTS = ['zones', 'gcp-region', 'backend-service', 'url'] as const;

/**
 * The group that the flags name.
 *
 * @returns undefined when they name none: the stack's own is meant
 * @throws RemedyError (exit 2) when they say only a part of where it is
 */
export function namedGroup(flags: FlagValues): GroupReference | undefined {
  const { group, zones: zone, 'gcp-region': region, 'backend-service': backendService, url } = flags as GroupFlags;
  if (group === undefined) {
    const part = PARTS.find((name) => flags[name] !== undefined);
    if (part === undefined) return undefined;
    throw usage(`--${part} needs --group`);
  }
  if (zone === undefined && region === undefined) throw usage(`group ${group} needs its zone or its region`);
  return { group, location: zone === undefined ? { region: region as string } : { zone }, backendService, url };
}

function usage(message: string): RemedyError {
  return remedy.usage('usage', message, [
    'name it whole: --project P --zones europe-west3-c --group llm-b-mig',
    "or leave these flags out to use the stack's own group",
  ]);
}
