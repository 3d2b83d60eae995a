import { IMAGE_PROJECTS, publicImages, vcpusOf } from './catalogue.ts';
import type { Cloud } from './cloud.ts';
import { ApiError, invalid, notFound, required } from './errors.ts';
import type { Image, Instance, InstanceProperties } from './model.ts';
import { lastPart, linkTo, newFingerprint, type Place, parseReference, pathOf } from './names.ts';

/** Characters of one metadata value, and of all together. */
const METADATA_LIMIT = 262_144;
const METADATA_TOTAL_LIMIT = 524_288;

/** The image that a reference means: an own one, a public one, or the newest of a family. @throws ApiError `notFound` */
export function resolveImage(cloud: Cloud, reference: unknown): Image {
  const place = parseReference(reference, cloud.project);
  if (place?.collection !== 'images')
    throw invalid(
      'resource.disks[0].initializeParams.sourceImage',
      reference,
      'The referenced image resource cannot be found.',
    );
  const [first, family] = place.name.split('/');
  const own = place.project === cloud.project ? cloud.store.list<Image>('images') : [];
  const known = IMAGE_PROJECTS.includes(place.project)
    ? publicImages(place.project)
    : own.filter(({ state }) => state === 'ready').map(({ body }) => body);
  const matches = known.filter((image) =>
    first === 'family' && family ? image.family === family : image.name === place.name,
  );
  const newest = matches.sort((a, b) => ((a.creationTimestamp ?? '') < (b.creationTimestamp ?? '') ? 1 : -1))[0];
  if (!newest) throw notFound(pathOf(place));
  return newest;
}

/** @throws ApiError `invalid` for values that are too long */
export function checkMetadata(metadata: Instance['metadata'], field: string): void {
  let total = 0;
  for (const [i, { key, value }] of (metadata?.items ?? []).entries()) {
    const size = value?.length ?? 0;
    total += size + (key?.length ?? 0);
    if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key ?? ''))
      throw invalid(`${field}.items[${i}].key`, key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'");
    if (size > METADATA_LIMIT) {
      const message = `Value for field '${field}.items[${i}].value' is too large: maximum size ${METADATA_LIMIT} character(s); actual size ${size}.`;
      throw new ApiError(400, 'invalid', message);
    }
  }
  if (total > METADATA_TOTAL_LIMIT) {
    const message = `Metadata is too large: maximum total size ${METADATA_TOTAL_LIMIT} character(s); actual size ${total}.`;
    throw new ApiError(400, 'invalid', message);
  }
}

/** What instances and templates have in common. @throws ApiError */
export function checkProperties(cloud: Cloud, properties: InstanceProperties, field: string): void {
  if (!properties.machineType) throw required(`${field}.machineType`);
  if (!properties.disks?.length) throw invalid(`${field}.disks`, '', 'At least one disk is required.');
  if (!properties.networkInterfaces?.length)
    throw invalid(`${field}.networkInterfaces`, '', 'At least one network interface is required.');
  for (const [i, { subnetwork }] of properties.networkInterfaces.entries()) {
    if (subnetwork && !/(^|\/)regions\/[^/]+\/subnetworks\/[^/]+$/.test(subnetwork))
      throw invalid(`${field}.networkInterfaces[${i}].subnetwork`, subnetwork, 'The URL is malformed.');
  }
  const [boot] = properties.disks;
  if (boot?.source) return;
  if (!boot?.boot) throw invalid(`${field}.disks[0].boot`, boot?.boot ?? '', 'The first disk must be a boot disk.');
  resolveImage(cloud, boot.initializeParams?.sourceImage);
  checkMetadata(properties.metadata, `${field}.metadata`);
  checkRunTime(properties.scheduling, `${field}.scheduling`);
}

function checkRunTime(scheduling: Instance['scheduling'], field: string): void {
  const { maxRunDuration, instanceTerminationAction } = scheduling ?? {};
  if (!maxRunDuration) return;
  const seconds = Number(maxRunDuration.seconds);
  if (!(seconds >= 30 && seconds <= 120 * 86_400))
    throw invalid(`${field}.maxRunDuration.seconds`, seconds, 'Must be between 30 seconds and 120 days.');
  if (!instanceTerminationAction) throw required(`${field}.instanceTerminationAction`);
}

/** The resource that a request for an instance makes. @throws ApiError */
export function instanceBody(cloud: Cloud, place: Place, request: Instance): Instance {
  checkProperties(cloud, request as InstanceProperties, 'resource');
  const zone = lastPart(place.scope);
  const type = lastPart(request.machineType);
  if (vcpusOf(type) === undefined) {
    const why = `Machine type with name '${type}' does not exist in zone '${zone}'.`;
    throw invalid('resource.machineType', request.machineType, why);
  }
  const here = `projects/${cloud.project}/${place.scope}`;
  return {
    ...request,
    status: 'PROVISIONING',
    machineType: linkTo(`${here}/machineTypes/${type}`),
    fingerprint: newFingerprint(),
    labelFingerprint: newFingerprint(),
    metadata: {
      kind: 'compute#metadata',
      fingerprint: newFingerprint(),
      ...(request.metadata?.items ? { items: request.metadata.items } : {}),
    },
    tags: { ...(request.tags?.items ? { items: request.tags.items } : {}), fingerprint: newFingerprint() },
    disks: (request.disks ?? []).map(({ initializeParams, ...disk }, index) => {
      const name = initializeParams?.diskName ?? (index === 0 ? place.name : `${place.name}-${index}`);
      return {
        ...{ kind: 'compute#attachedDisk', type: 'PERSISTENT', mode: 'READ_WRITE', index, boot: index === 0 },
        ...{ deviceName: disk.deviceName ?? `persistent-disk-${index}`, autoDelete: disk.autoDelete ?? false },
        source: disk.source ?? linkTo(`${here}/disks/${name}`),
        diskSizeGb: String(initializeParams?.diskSizeGb ?? disk.diskSizeGb ?? 10),
      };
    }),
    scheduling: { automaticRestart: true, preemptible: false, provisioningModel: 'STANDARD', ...request.scheduling },
    networkInterfaces: (request.networkInterfaces ?? []).map((each, i) => ({
      ...{ kind: 'compute#networkInterface', name: `nic${i}`, fingerprint: newFingerprint(), stackType: 'IPV4_ONLY' },
      network: linkTo(`projects/${cloud.project}/global/networks/default`),
      ...each,
    })),
    cpuPlatform: 'Intel Broadwell',
    startRestricted: false,
    deletionProtection: request.deletionProtection ?? false,
  };
}
