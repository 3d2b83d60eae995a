import type { Cloud } from './cloud.ts';
import { ApiError, inUse, notFound, required } from './errors.ts';
import type { Body, Instance } from './model.ts';
import { linkTo, newFingerprint, pathIn } from './names.ts';

/** An own image that a request makes from the disk of a stopped instance. @throws ApiError */
export function imageBody({ store, project }: Cloud, body: Body): Body {
  if (!body.sourceDisk) throw required('resource.sourceDisk');
  const disk = pathIn(body.sourceDisk, project);
  if (disk === undefined || !store.find(disk)) throw notFound(disk ?? String(body.sourceDisk));
  const user = store
    .all<Instance>('instances')
    .find((each) => each.body.disks?.some(({ source }) => pathIn(source, project) === disk));
  if (!user) throw new ApiError(400, 'invalid', `The lab keeps no disk without its instance: '${disk}'`);
  if (user.body.status !== 'TERMINATED' && body.forceCreate !== true) throw inUse('disk', disk, user.path);
  return {
    ...{ status: 'PENDING', sourceType: 'RAW', architecture: 'X86_64', archiveSizeBytes: '1073741824' },
    ...body,
    ...{ diskSizeGb: user.body.disks?.[0]?.diskSizeGb ?? '10', labelFingerprint: newFingerprint() },
    ...{ rawDisk: { containerType: 'TAR', source: '' }, sourceDisk: linkTo(disk), from: user.path },
  };
}
