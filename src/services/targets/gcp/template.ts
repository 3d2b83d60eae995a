import { createHash } from 'node:crypto';
import type { Ownership } from '../../stack/resource.ts';
import type { BootSource } from './boot-source.ts';
import type { Compute } from './compute.ts';
import type { InstanceProperties } from './compute-calls.ts';
import { namedObject } from './object.ts';

const TEMPLATE = 'template-';

/** What decides a VM, but for its metadata and its image. */
export interface VmSpec {
  readonly type: string;
  readonly diskGb: number;
  /** Path of the network. */
  readonly network: string;
  readonly subnet?: string | undefined;
  /** Network tag, which the firewall rules name. */
  readonly tag: string;
}

/** What a VM of the group is made from. What is secret (the metadata) stays out of it and so out of the state file. */
export interface TemplateSpec extends VmSpec {
  readonly image: string;
  readonly bootHash: string;
  /** Whether each VM has a public address of its own; without one, a Cloud NAT lets it out. */
  readonly externalAddress: boolean;
  /** A VM is deleted when it is this old. */
  readonly ttlSeconds?: number | undefined;
}

/** Templates cannot be changed: each content has a template of its own, and its key says which. */
export function templateKey(spec: TemplateSpec): string {
  const content = Object.entries(spec)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => one.localeCompare(other));
  return `${TEMPLATE}${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8)}`;
}

export function isTemplateKey(key: string): boolean {
  return /^template-[0-9a-f]{8}$/.test(key);
}

/**
 * A template with this key.
 *
 * @param dependsOn keys of what it boots from
 * @param source asked for only when it has to be made
 */
export function instanceTemplate(
  compute: Compute,
  owner: Ownership,
  key: string,
  { dependsOn, source }: { readonly dependsOn: readonly string[]; source(): BootSource },
) {
  // Nothing of one can differ: its key is its content.
  return namedObject(compute, owner, 'instanceTemplates', {
    key,
    dependsOn,
    bodyOf: (spec: TemplateSpec) => ({ properties: propertiesOf(spec, source(), owner) }),
    // What was lost and made again under the same name is the same content.
    whenReplaced: () => 'same',
  });
}

/** Fourth generations boot from Hyperdisk only (cloud.google.com/compute/docs/disks/hyperdisks). Pure. */
export function diskTypeOf(machineType: string): 'hyperdisk-balanced' | 'pd-balanced' {
  return /^(a4|c4|h4|m4|n4|x4)[a-z]*-/.test(machineType) ? 'hyperdisk-balanced' : 'pd-balanced';
}

/** What a template makes. Pure. */
export function propertiesOf(spec: TemplateSpec, { metadata }: BootSource, { stack }: Ownership): InstanceProperties {
  const items = { 'block-project-ssh-keys': 'TRUE', ...metadata };
  return { ...machineOf(spec, items), labels: { 'chainctl-stack': stack }, machineType: spec.type };
}

/**
 * A VM but for its type and labels: shielded, without a service account, so that a program on it can call nothing of the
 * project. Pure.
 *
 * @param diskTypes path of their collection, for a VM that is made at once: they are those of its zone
 */
export function machineOf(spec: Omit<TemplateSpec, 'bootHash'>, metadata: BootSource['metadata'], diskTypes = '') {
  const { type, image, diskGb, network, subnet, externalAddress, tag, ttlSeconds } = spec;
  const initializeParams = {
    sourceImage: image,
    diskSizeGb: String(diskGb),
    diskType: `${diskTypes}${diskTypeOf(type)}`,
  };
  return {
    tags: { items: [tag] },
    disks: [{ boot: true, autoDelete: true, initializeParams }],
    networkInterfaces: [
      {
        network,
        ...(subnet === undefined ? {} : { subnetwork: subnet }),
        accessConfigs: externalAddress ? [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT' }] : [],
      },
    ],
    metadata: { items: Object.entries(metadata).map(([key, value]) => ({ key, value })) },
    scheduling: {
      provisioningModel: 'STANDARD',
      automaticRestart: true,
      onHostMaintenance: 'MIGRATE',
      ...(ttlSeconds === undefined
        ? {}
        : { maxRunDuration: { seconds: ttlSeconds }, instanceTerminationAction: 'DELETE' }),
    },
    shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
    serviceAccounts: [],
  };
}
