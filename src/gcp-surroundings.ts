import { systemClock } from './runtime.ts';
import { type Compute, openCompute } from './services/gcp/compute.ts';
import { recordedRequest } from './services/gcp/guards.ts';
import { chooseProject, chooseZones } from './services/gcp/request.ts';
import type { StackPaths } from './services/stack/paths.ts';
import { readState } from './services/stack/state.ts';

export interface GcpFlagValues {
  readonly project?: string | undefined;
  readonly zones?: readonly string[] | undefined;
  readonly 'endpoint-url'?: string | undefined;
  readonly 'gcp-endpoint-url'?: string | undefined;
}

/** Compute Engine as flags, the stack's record and the environment mean it. A damaged record is no reason not to look. */
export async function computeOf(
  flags: GcpFlagValues,
  paths?: StackPaths,
): Promise<{ readonly compute: Compute; readonly zones: readonly string[] }> {
  const state = paths === undefined ? undefined : await readState(paths.state).catch(() => undefined);
  const recorded = recordedRequest(state?.targets.gcp?.request);
  const zones = chooseZones({ flag: flags.zones, recorded: recorded?.zones, env: process.env });
  const compute = await openCompute({
    project: chooseProject({ flag: flags.project, recorded: recorded?.project, env: process.env }),
    zone: zones[0] as string,
    endpoint: gcpEndpoint(flags),
    clock: systemClock,
  });
  return { compute, zones };
}

/** The endpoint when it is not that of Google. */
export function gcpEndpoint(flags: GcpFlagValues): string | undefined {
  return flags['gcp-endpoint-url'] ?? flags['endpoint-url'] ?? (process.env.CHAINCTL_GCP_ENDPOINT_URL || undefined);
}
