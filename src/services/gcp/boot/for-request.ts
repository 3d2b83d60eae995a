import type { HostSessions } from '../../host/sessions.ts';
import type { HostTemplates } from '../../host/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Boot, BootInput } from '../boot-source.ts';
import type { Compute } from '../compute.ts';
import { networkPath } from '../desired.ts';
import { SSH_FIREWALL } from '../firewall.ts';
import { bootOf } from './boot.ts';
import { loginKeys } from './login.ts';

interface BootSurroundings {
  readonly compute: Compute;
  readonly paths: StackPaths;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
}

/** What a request means for what its VMs boot from. Keys are made only where something is to be made with them. */
export async function bootFor(
  { request, owner, zone, tag, token, make }: BootInput,
  { compute, paths, templates, sessions }: BootSurroundings,
): Promise<Boot> {
  const { bake, type, diskGb, subnet, modelB, ollamaImage, minProcessSeconds } = request;
  const wanted = {
    ...{ bake, type, diskGb, subnet, ollamaImage, minProcessSeconds, tag },
    model: modelB,
    network: networkPath(request),
  };
  return bootOf(wanted, {
    // A builder is where the group is to be: the zone before may have no machines left.
    compute: { ...compute, zone },
    ...{ owner, templates, sessions, token },
    keys: await loginKeys(paths, make),
    dependsOn: [SSH_FIREWALL],
  });
}
