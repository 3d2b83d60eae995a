import { type TuningFlagValues, tuningOf } from '../../../config/tuning-flags.ts';
import { makeToken, TOKEN_SECRET } from '../../chain/token.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import type { HostTemplates } from '../../machine/templates.ts';
import { operatorAddress } from '../../stack/operator-address.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { ensureSecret, readSecret } from '../../stack/secrets.ts';
import type { StackDeps } from '../../stack/session.ts';
import { createdByOf } from '../aws/connect.ts';
import type { ScalingSignal } from './autoscaler.ts';
import { bootOf, bootTarget } from './boot/boot.ts';
import type { Compute } from './compute.ts';
import { computeOf, type GcpFlagValues, gcpEndpoint } from './connect.ts';
import type { GcpPlanDeps } from './deploy.ts';
import { httpProbe } from './probe.ts';
import { checkRequest, type GcpRequest } from './request.ts';

/** What the flags of a command that deploys B to GCP say. */
export interface GcpDeployFlags extends GcpFlagValues, TuningFlagValues {
  readonly type: string;
  readonly 'region-wide': boolean;
  readonly network: string;
  readonly subnet?: string | undefined;
  readonly 'disk-gb': number;
  readonly min: number;
  readonly max: number;
  readonly autoscale: ScalingSignal;
  readonly 'rate-per-vm': number;
  readonly 'cool-down': number;
  readonly 'request-timeout': number;
  readonly 'ready-timeout'?: number | undefined;
  readonly ttl?: number | undefined;
  readonly 'operator-address'?: string | undefined;
  readonly 'model-b': string;
  readonly 'min-process-seconds'?: number | undefined;
  readonly 'ollama-image'?: string | undefined;
  readonly bake: boolean;
  readonly auth: 'token' | 'none';
}

/** Compute Engine, and what is asked of it. */
export async function gcpRequest(
  flags: GcpDeployFlags,
  paths: StackPaths,
  signal: AbortSignal,
): Promise<{ readonly compute: Compute; readonly request: GcpRequest }> {
  const [{ compute, zones }, address] = await Promise.all([
    computeOf(flags, paths),
    operatorAddress({ given: flags['operator-address'], endpoint: gcpEndpoint(flags), fetch, signal }),
  ]);
  const request = checkRequest({
    project: compute.project,
    zones: [...zones],
    regionWide: flags['region-wide'],
    type: flags.type,
    diskGb: flags['disk-gb'],
    network: flags.network,
    subnet: flags.subnet,
    min: flags.min,
    max: flags.max,
    autoscale: flags.autoscale,
    ratePerInstance: flags['rate-per-vm'],
    coolDownSeconds: Math.round(flags['cool-down']),
    requestSeconds: Math.ceil(flags['request-timeout']),
    readySeconds: flags['ready-timeout'],
    ttlSeconds: flags.ttl,
    operatorAddress: address,
    modelB: flags['model-b'],
    minProcessSeconds: flags['min-process-seconds'],
    ollamaImage: flags['ollama-image'],
    tuning: tuningOf(flags, 'b'),
    bake: flags.bake,
    auth: flags.auth,
  });
  return { compute, request };
}

/** What planning that request takes: what VMs boot from, and the token. */
export function gcpPlanDeps(
  { compute }: { readonly compute: Compute },
  boot: { readonly paths: StackPaths; readonly templates: HostTemplates; readonly sessions: HostSessions },
  stack: Pick<StackDeps, 'self'>,
): GcpPlanDeps {
  const { paths } = boot;
  const createdBy = createdByOf(stack);
  return {
    ...{ compute, createdBy, probe: httpProbe },
    boot: (input) => bootOf(input, { compute, ...boot }),
    bootTarget: bootTarget(compute, { stack: paths.name, createdBy }),
    token: (make) => (make ? ensureSecret(paths, TOKEN_SECRET, makeToken) : readSecret(paths, TOKEN_SECRET)),
  };
}
