import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../runtime.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { readState } from '../../stack/state.ts';
import { type Compute, openCompute } from './compute.ts';
import { recordedRequest } from './guards.ts';
import { chooseProject, chooseZones, type GcpRequest } from './request.ts';

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
  const recorded = await recordOf(paths);
  const zones = await zonesOf(flags, paths);
  const compute = await openCompute({
    project: chooseProject({ flag: flags.project, recorded: recorded?.project, env: process.env }),
    zone: zones[0] as string,
    endpoint: gcpEndpoint(flags),
    clock: systemClock,
  });
  return { compute, zones };
}

/** The zones that are meant, the first one first; at least one. */
export async function zonesOf(flags: GcpFlagValues, paths?: StackPaths): Promise<readonly string[]> {
  return chooseZones({ flag: flags.zones, recorded: (await recordOf(paths))?.zones, env: process.env });
}

async function recordOf(paths: StackPaths | undefined): Promise<GcpRequest | undefined> {
  const state = paths === undefined ? undefined : await readState(paths.state).catch(() => undefined);
  return recordedRequest(state?.targets.gcp?.request);
}

/** Whether anything here speaks of Google Cloud: a flag, a variable, a record, credentials of gcloud. */
export async function hasTraceOfGcp(flags: GcpFlagValues, paths: StackPaths): Promise<boolean> {
  const { GOOGLE_APPLICATION_CREDENTIALS: keyFile, CLOUDSDK_CONFIG: config } = process.env;
  const project = chooseProject({ flag: flags.project, recorded: (await recordOf(paths))?.project, env: process.env });
  if (project !== undefined || gcpEndpoint(flags) !== undefined || keyFile) return true;
  return existsSync(join(config || join(homedir(), '.config', 'gcloud'), 'application_default_credentials.json'));
}

/** The endpoint when it is not that of Google. */
export function gcpEndpoint(flags: GcpFlagValues): string | undefined {
  return flags['gcp-endpoint-url'] ?? flags['endpoint-url'] ?? (process.env.CHAINCTL_GCP_ENDPOINT_URL || undefined);
}
