import { remoteLog } from '../../machine/remote-logs.ts';
import { HostSessions, runThere } from '../../machine/sessions.ts';
import { sshOptions } from '../../machine/ssh-words.ts';
import { loadHostTemplates } from '../../machine/templates.ts';
import { withFiles } from '../../machine/with-files.ts';
import { healthStatus } from '../../stack/health-status.ts';
import { once } from '../../stack/once.ts';
import { createdBy } from '../../stack/operator.ts';
import type { Connection, Site } from '../../stack/provider.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import { forgetSecretPair } from '../../stack/secrets.ts';
import { noMachine } from '../../stack/stack-shell.ts';
import { onlyService } from '../../workloads/request.ts';
import { UBUNTU_24_04 } from './ami.ts';
import { planAws } from './deploy.ts';
import { doctorAws } from './doctor.ts';
import { drainedFirst } from './drain.ts';
import { openEc2 } from './ec2.ts';
import { type AwsDoctorFlags, DEFAULT_DISK_GB, DEFAULT_TYPE, SSH_USER } from './flags.ts';
import { listTagged, perHourIn } from './inventory.ts';
import { desiredOnVm, keysOf, onVm, vmAccess, vmMaterial } from './on-vm.ts';
import { type AwsRequest, addressOf, recordedRequest, serviceOn, whereOf } from './request.ts';
import { HOST_KEY, tagText } from './tags.ts';
import { awsTarget, openAwsTarget } from './target.ts';

/** EC2 for one stack; it is opened by the first call to it. */
export function connectAws(site: Site): Connection<AwsRequest> {
  const { paths, record, operator, signal } = site;
  const { clock } = operator;
  const ec2 = once(() => openEc2({ ...whereOf(site), clock }));
  const loadTemplates = once(() => loadHostTemplates(operator.templates, operator.bundles));
  const sessions = new HostSessions();
  const { elasticIp = false, sshUser = SSH_USER } = recordedRequest(record?.request) ?? {};
  const own = serviceOn(record?.request);
  const url = record?.endpoints[own];
  const accessAt = (address: string | undefined) => vmAccess(paths, address, sshUser);
  const recordedAccess = () => accessAt(url === undefined ? undefined : new URL(url).hostname);
  return {
    async plan(request, steps, links, options) {
      const templates = withFiles(await loadTemplates(), onlyService(request), operator.env);
      const opened = await ec2();
      // Whatever of this deploy its service needs has to answer before it is asked for its first answer.
      const answerable = async (context: ResourceContext) => {
        await Promise.all(Object.keys(links.known).map((name) => links.serves(name, context)));
      };
      return planAws(request, steps, links, options, {
        ec2: opened,
        createdBy: createdBy(operator),
        material: (make) => vmMaterial(paths, templates.boot, request, make),
        extra: (resources, wanted, make) =>
          desiredOnVm({ paths, templates, sessions, answerable }, resources, wanted, make),
      });
    },
    async target(purpose, context) {
      const templates = purpose === 'teardown' ? undefined : await loadTemplates();
      return openAwsTarget(await ec2(), paths.name, record, context, (resources) => {
        if (templates === undefined) {
          // What is on the VM is removed with the VM.
          const access = async (of: ResourceContext) => accessAt(await resources.publicAddress(of));
          return awsTarget({ ...resources, instance: drainedFirst(resources.instance, own, url, access) });
        }
        const { host, service } = onVm(resources, { elasticIp, sshUser }, own, { paths, sessions, templates });
        return awsTarget(resources, [host, service] as unknown as Resource<unknown, unknown>[]);
      });
    },
    status: async () => (record === undefined ? undefined : healthStatus('aws', record, url, keysOf(own).service)),
    async doctor() {
      const { type = DEFAULT_TYPE, subnet: subnetId } = site.flags as AwsDoctorFlags;
      const request = { type, image: UBUNTU_24_04, diskGb: DEFAULT_DISK_GB, subnetId };
      return doctorAws(await ec2(), request, () => addressOf(site), signal);
    },
    async logs(selection, kind, context) {
      if (url === undefined || (selection !== undefined && selection !== own)) return [];
      const read = async (script: string) => {
        const access = await recordedAccess();
        return access === undefined ? '' : runThere(access, 'reading the log', script, context);
      };
      return [remoteLog(own, kind, read)];
    },
    async shell(service) {
      const access = service === own ? await recordedAccess() : undefined;
      if (access === undefined) throw noMachine(paths.name, service, 'aws');
      return ['ssh', ...(await sshOptions(paths, service, access.hostKey)), `${sshUser}@${access.address}`];
    },
    async owned() {
      const opened = await ec2();
      const { region } = opened;
      return {
        where: { region },
        objects: await listTagged(opened, signal),
        createdBy: tagText(createdBy(operator)),
        isHere: (request) => (recordedRequest(request)?.region ?? region) === region,
        perHour: (objects) => perHourIn(region, objects),
        decisiveKind: 'VM',
      };
    },
    forget: () => forgetSecretPair(paths, HOST_KEY),
    close: () => sessions.close(),
  };
}
