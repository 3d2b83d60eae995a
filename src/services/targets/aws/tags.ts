import { type RemedyError, remedy } from '../../../errors.ts';
import type { Ownership } from '../../stack/resource.ts';
import type { ResourceType, Tag } from './ec2.ts';

export const STACK_TAG = 'chainctl:stack';
export const KEY_TAG = 'chainctl:key';
const TOKEN_TAG = 'chainctl:token';
export const CREATED_BY_TAG = 'chainctl:created-by';
export const EXPIRES_TAG = 'chainctl:expires-at';
/** Hash of what an object was made from, where the API does not tell all of it. */
export const SPEC_TAG = 'chainctl:spec';

/** Name of the stack's secret that is the VM's own key. */
export const HOST_KEY = 'host-key-a';

/** The name under which an object shows up in the console; for key pair and security group also its real name. */
export function objectName(stack: string, key: string): string {
  return `chainctl-${stack}-${key}`;
}

/** As a tag can hold it: letters, digits, spaces and these signs. */
export function tagText(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.:/=+\-@]/gu, '_').slice(0, 255);
}

/** What an object says of itself. */
export function tagsOf(
  { stack, createdBy, expiresAt }: Ownership,
  key: string,
  token: string,
  spec?: string | undefined,
): Tag[] {
  const tags: Record<string, string | undefined> = {
    Name: objectName(stack, key),
    [STACK_TAG]: stack,
    [KEY_TAG]: key,
    [TOKEN_TAG]: token,
    [CREATED_BY_TAG]: tagText(createdBy),
    [EXPIRES_TAG]: expiresAt,
    [SPEC_TAG]: spec,
  };
  return Object.entries(tags).flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }]));
}

/** The tags of {@link tagsOf} for what one call makes, so that there is no moment at which it exists without them. */
export function tagSpecifications(types: readonly ResourceType[], ...tags: Parameters<typeof tagsOf>) {
  return types.map((each) => ({ ResourceType: each, Tags: tagsOf(...tags) }));
}

export function readTags(tags: readonly Tag[] | undefined): ReadonlyMap<string, string> {
  return new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** Filters for a Describe call: this stack's objects, or with a key this one. */
export function stackFilters(stack: string, key?: string): { Name: string; Values: string[] }[] {
  const filters = [{ Name: `tag:${STACK_TAG}`, Values: [stack] }];
  return key === undefined ? filters : [...filters, { Name: `tag:${KEY_TAG}`, Values: [key] }];
}

/** The error for an object that has our name and not our tag: it is never touched. */
export function foreignName(kind: string, name: string): RemedyError {
  return remedy.configuration('aws-name-taken', `there is a ${kind} called ${name} that chainctl did not make`, [
    'rename or delete it by hand, or use another --stack',
  ]);
}
