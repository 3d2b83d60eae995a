import { createHash } from 'node:crypto';
import type { Ownership, Resource } from '../../stack/resource.ts';
import type { BootSource } from './boot-source.ts';
import type { Compute } from './compute.ts';
import type { InstanceProperties, InstanceTemplate } from './compute-calls.ts';
import { namedObject } from './object.ts';
import { change, removeObject } from './operations.ts';

const TEMPLATE = 'template-';

/** What a VM of the group is made from. What is secret (the metadata) stays out of it and so out of the state file. */
export interface TemplateSpec {
  readonly type: string;
  readonly image: string;
  readonly bootHash: string;
  readonly diskGb: number;
  readonly network: string;
  readonly subnet?: string | undefined;
  /** Whether each VM has a public address of its own; without one, a Cloud NAT lets it out. */
  readonly externalAddress: boolean;
  /** Network tag, which the firewall rules name. */
  readonly tag: string;
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
): Resource<TemplateSpec, InstanceTemplate> & { readonly name: string } {
  return namedObject<TemplateSpec, InstanceTemplate>(owner, {
    key,
    dependsOn,
    get: (name, signal) => compute.read('instanceTemplates.get', { instanceTemplate: name }, signal),
    async insert(context, spec, made, step) {
      const instanceTemplateResource = { ...made, properties: propertiesOf(spec, source(), owner) };
      await change(compute, context, 'instanceTemplates.insert', { instanceTemplateResource }, step);
    },
    // Its key is its content.
    differences: () => [],
    // What was lost and made again under the same name is the same content.
    whenReplaced: () => 'same',
    remove: (context, name) =>
      removeObject(compute, context, 'instanceTemplates.delete', { instanceTemplate: name }, { key }),
    identify: () => ({}),
  });
}

/** Fourth generations boot from Hyperdisk only (cloud.google.com/compute/docs/disks/hyperdisks). Pure. */
export function diskTypeOf(machineType: string): 'hyperdisk-balanced' | 'pd-balanced' {
  return /^(a4|c4|h4|m4|n4|x4)[a-z]*-/.test(machineType) ? 'hyperdisk-balanced' : 'pd-balanced';
}

/** Shielded VM, no service account: a program on it can call nothing of the project. Pure. */
export function propertiesOf(spec: TemplateSpec, { metadata }: BootSource, { stack }: Ownership): InstanceProperties {
  const items = { 'block-project-ssh-keys': 'TRUE', ...metadata };
  return {
    machineType: spec.type,
    tags: { items: [spec.tag] },
    labels: { 'chainctl-stack': stack },
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: { sourceImage: spec.image, diskSizeGb: String(spec.diskGb), diskType: diskTypeOf(spec.type) },
      },
    ],
    networkInterfaces: [
      {
        network: spec.network,
        ...(spec.subnet === undefined ? {} : { subnetwork: spec.subnet }),
        accessConfigs: spec.externalAddress ? [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT' }] : [],
      },
    ],
    metadata: { items: Object.entries(items).map(([key, value]) => ({ key, value })) },
    scheduling: {
      provisioningModel: 'STANDARD',
      automaticRestart: true,
      onHostMaintenance: 'MIGRATE',
      ...(spec.ttlSeconds === undefined
        ? {}
        : { maxRunDuration: { seconds: spec.ttlSeconds }, instanceTerminationAction: 'DELETE' }),
    },
    shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
    serviceAccounts: [],
  };
}
