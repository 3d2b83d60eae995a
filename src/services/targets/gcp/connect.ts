import { HostSessions } from '../../machine/sessions.ts';
import { loadHostTemplates } from '../../machine/templates.ts';
import { healthStatus } from '../../stack/health-status.ts';
import { once } from '../../stack/once.ts';
import { createdBy } from '../../stack/operator.ts';
import type { Connection, Site } from '../../stack/provider.ts';
import { forgetSecretPair, stackToken } from '../../stack/secrets.ts';
import { addressOf, computeOf, zonesOf } from './ask.ts';
import { RULE } from './balancer.ts';
import { bootOf } from './boot/boot.ts';
import { planGcp } from './deploy.ts';
import { doctorGcp } from './doctor.ts';
import type { GcpDoctorFlags } from './flags.ts';
import { listMarked, perHour } from './inventory.ts';
import { groupLogs } from './logs.ts';
import { ownerText } from './names.ts';
import { openGroup } from './open-group.ts';
import { DEFAULT_DISK_GB, DEFAULT_TYPE, type GcpRequest, HOST_KEY_B, recordedRequest, serviceOn } from './request.ts';
import { httpProbe } from './serving.ts';
import { openGcpTarget } from './target.ts';
import { chooseVm, listVms, sshCommandB } from './vms.ts';

/** Compute Engine for one stack; it is opened by the first call to it. */
export function connectGcp(site: Site): Connection<GcpRequest> {
  const { paths, record, operator, signal } = site;
  const { clock } = operator;
  const compute = once(() => computeOf(site));
  const sessions = new HostSessions();
  const by = createdBy(operator);
  const own = serviceOn(record?.request);
  const readLogs = groupLogs({ paths, clock, compute, service: own });
  const vms = async () => listVms(await compute(), paths.name, signal);
  return {
    async plan(request, steps, links, options) {
      const opened = await compute();
      const templates = await loadHostTemplates(operator.templates, operator.bundles);
      return planGcp(request, steps, links, options, {
        compute: opened,
        createdBy: by,
        probe: httpProbe,
        boot: (input) => bootOf(input, { compute: opened, paths, templates, sessions }),
        token: (make) => stackToken(paths, make),
      });
    },
    target: async () => openGcpTarget(await compute(), paths.name, record),
    status: async () => (record === undefined ? undefined : healthStatus('gcp', record, record.endpoints[own], RULE)),
    async doctor() {
      const { type = DEFAULT_TYPE, max = 3 } = site.flags as GcpDoctorFlags;
      const request = { zones: [...zonesOf(site)], type, network: 'default', min: 1, max, diskGb: DEFAULT_DISK_GB };
      return doctorGcp(compute, request, () => addressOf(site), signal);
    },
    logs: async (selection, kind, context) =>
      selection === undefined || selection === own ? readLogs(kind, context) : [],
    async instances(service) {
      if (service !== own) return [];
      return (await vms()).map(({ name, zone, status, address, createdAt }) => ({
        name,
        state: status,
        address,
        since: createdAt,
        details: { zone },
      }));
    },
    async shell(_service, instance) {
      const vm = chooseVm(await vms(), instance, { stack: paths.name, service: own });
      const request = recordedRequest(record?.request);
      return ['ssh', ...(await sshCommandB(vm, { compute: await compute(), paths, request, service: own }))];
    },
    group: () => openGroup(site),
    async owned() {
      const opened = await compute();
      const { project } = opened;
      return {
        where: { project },
        objects: await listMarked(opened, signal),
        createdBy: ownerText(by),
        isHere: (request) => (recordedRequest(request)?.project ?? project) === project,
        perHour,
        decisiveKind: 'template',
      };
    },
    forget: () => forgetSecretPair(paths, HOST_KEY_B),
    close: () => sessions.close(),
  };
}
