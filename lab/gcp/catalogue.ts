import type { Body, Image } from './model.ts';
import { linkTo, regionOf } from './names.ts';

/** What Google has everywhere: zones, machine types, public images. A selection. */
const ZONES: Readonly<Record<string, string>> = {
  'europe-west1': 'bcd',
  'europe-west3': 'abc',
  'europe-north1': 'abc',
  'us-central1': 'abcf',
};

/** vCPUs and memory in MiB. */
const MACHINE_TYPES: Readonly<Record<string, readonly [number, number]>> = {
  'e2-micro': [2, 1024],
  'e2-small': [2, 2048],
  'e2-medium': [2, 4096],
  'e2-standard-2': [2, 8192],
  'e2-standard-4': [4, 16384],
  'e2-standard-8': [8, 32768],
  'e2-standard-16': [16, 65536],
  'e2-highcpu-4': [4, 4096],
  'e2-highcpu-8': [8, 8192],
  'n2-standard-2': [2, 8192],
  'n2-standard-4': [4, 16384],
  'n2-standard-8': [8, 32768],
  'n2-highcpu-8': [8, 8192],
  'n2d-standard-4': [4, 16384],
  'n4-standard-4': [4, 16384],
  'c3-standard-4': [4, 16384],
  'c3-standard-8': [8, 32768],
  'c3d-standard-4': [4, 16384],
  'c4-standard-4': [4, 15360],
  't2a-standard-4': [4, 16384],
  't2d-standard-4': [4, 16384],
  'g2-standard-4': [4, 16384],
};

/** Project, family, image, architecture. */
const IMAGES = [
  ['debian-cloud', 'debian-12', 'debian-12-bookworm-v20261014', 'X86_64'],
  ['debian-cloud', 'debian-12-arm64', 'debian-12-bookworm-arm64-v20261014', 'ARM64'],
  ['debian-cloud', 'debian-13', 'debian-13-trixie-v20261014', 'X86_64'],
  ['ubuntu-os-cloud', 'ubuntu-2204-lts', 'ubuntu-2204-jammy-v20261101', 'X86_64'],
  ['ubuntu-os-cloud', 'ubuntu-2404-lts-amd64', 'ubuntu-2404-noble-amd64-v20261101', 'X86_64'],
  ['ubuntu-os-cloud', 'ubuntu-2404-lts-arm64', 'ubuntu-2404-noble-arm64-v20261101', 'ARM64'],
  ['ubuntu-os-cloud', 'ubuntu-minimal-2404-lts-amd64', 'ubuntu-minimal-2404-noble-amd64-v20261101', 'X86_64'],
  ['cos-cloud', 'cos-stable', 'cos-stable-125-19216-104-12', 'X86_64'],
  ['cos-cloud', 'cos-121-lts', 'cos-121-18867-294-60', 'X86_64'],
] as const;

/** Projects whose images everybody may use. */
export const IMAGE_PROJECTS: readonly string[] = [...new Set(IMAGES.map(([project]) => project))];

const LONG_AGO = '2026-01-01T00:00:00.000-00:00';

export function regions(): string[] {
  return Object.keys(ZONES);
}

export function zones(region?: string): string[] {
  const of = (each: string) => [...(ZONES[each] ?? '')].map((letter) => `${each}-${letter}`);
  return region === undefined ? regions().flatMap(of) : of(region);
}

/** vCPUs of a type, `undefined` for one that does not exist. */
export function vcpusOf(machineType: string): number | undefined {
  return MACHINE_TYPES[machineType]?.[0];
}

export function zoneBody(project: string, zone: string): Body {
  return {
    ...{ kind: 'compute#zone', id: String(2000 + zones().indexOf(zone)), creationTimestamp: LONG_AGO },
    ...{ name: zone, description: zone, status: 'UP', region: linkTo(`projects/${project}/regions/${regionOf(zone)}`) },
    ...{ selfLink: linkTo(`projects/${project}/zones/${zone}`), supportsPzs: false },
  };
}

export function regionBody(project: string, region: string, quotas: readonly Body[]): Body {
  return {
    ...{ kind: 'compute#region', id: String(1000 + regions().indexOf(region)), creationTimestamp: LONG_AGO },
    ...{ name: region, description: region, status: 'UP', quotas },
    zones: zones(region).map((zone) => linkTo(`projects/${project}/zones/${zone}`)),
    ...{ selfLink: linkTo(`projects/${project}/regions/${region}`), supportsPzs: false },
  };
}

export function machineTypes(project: string, zone: string): Body[] {
  return Object.entries(MACHINE_TYPES).map(([name, [guestCpus, memoryMb]], i) => ({
    ...{ kind: 'compute#machineType', id: String(300_000 + i), creationTimestamp: LONG_AGO, name, guestCpus, memoryMb },
    ...{ description: `${guestCpus} vCPUs, ${Math.round(memoryMb / 1024)} GB RAM`, imageSpaceGb: 0 },
    ...{ maximumPersistentDisks: 128, maximumPersistentDisksSizeGb: '263168', zone },
    isSharedCpu: /^e2-(micro|small|medium)$/.test(name),
    architecture: name.startsWith('t2a') ? 'ARM64' : 'X86_64',
    selfLink: linkTo(`projects/${project}/zones/${zone}/machineTypes/${name}`),
  }));
}

/** The public images of a project. */
export function publicImages(project: string): Image[] {
  return IMAGES.filter(([owner]) => owner === project).map(([, family, name, architecture], i) => ({
    ...{ kind: 'compute#image', id: String(7_000_000 + i), creationTimestamp: LONG_AGO, name, family, architecture },
    ...{ status: 'READY', sourceType: 'RAW', diskSizeGb: '10', archiveSizeBytes: '1073741824' },
    ...{ description: `${name}, as Google publishes it`, rawDisk: { containerType: 'TAR', source: '' } },
    selfLink: linkTo(`projects/${project}/global/images/${name}`),
  }));
}
