import { Args } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { integerFlag } from '../config/flags.ts';
import { ExitCode } from '../errors.ts';
import { pathsOf } from '../operator.ts';
import { type DoctorCheck, finding } from '../services/doctor/check.ts';
import { doctorLocal } from '../services/doctor/local.ts';
import { descriptorLimit } from '../services/load/engine/descriptors.ts';
import { operatorAddress } from '../services/stack/operator-address.ts';
import { UBUNTU_24_04 } from '../services/targets/aws/ami.ts';
import { ec2Endpoint, ec2Of, homeFolder } from '../services/targets/aws/connect.ts';
import { doctorAws } from '../services/targets/aws/doctor.ts';
import { awsFlags, vmFlags } from '../services/targets/aws/flags.ts';
import { DEFAULT_DISK_GB } from '../services/targets/aws/request.ts';
import { computeOf, gcpEndpoint, hasTraceOfGcp, zonesOf } from '../services/targets/gcp/connect.ts';
import { doctorGcp } from '../services/targets/gcp/doctor.ts';
import { gcpFlags, machineTypeFlag, zonesFlag } from '../services/targets/gcp/flags.ts';
import { DEFAULT_DISK_GB as DEFAULT_GCP_DISK_GB } from '../services/targets/gcp/request.ts';
import { renderDoctor } from '../ui/render-aws.ts';

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = 'examine what a deploy needs: this machine, credentials, clock, region, type, permissions';
  static override description = 'Changes nothing and makes nothing. Exits 8 when a check fails.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> local',
    '<%= config.bin %> <%= command.id %> aws --region us-east-1 --type t4g.large',
    '<%= config.bin %> <%= command.id %> gcp --zones europe-west3-c,europe-west3-a --max 2',
  ];
  static override args = {
    target: Args.option({
      description: 'what to examine [default: everything]',
      options: ['local', 'aws', 'gcp'] as const,
    })(),
  };
  static override flags = {
    ...awsFlags,
    ...vmFlags,
    ...gcpFlags,
    zones: zonesFlag,
    'gcp-type': machineTypeFlag,
    max: integerFlag({ description: "largest size of B's group", default: 3, min: 1, max: 100 }),
  };

  protected async perform({ signal }: CommandContext): Promise<CommandOutcome> {
    const { target } = this.args;
    const facts = {
      home: homeFolder(),
      nodeVersion: process.version,
      descriptorLimit: descriptorLimit(),
      agentSocket: process.env.SSH_AUTH_SOCK,
    };
    const checks = [
      ...(target === undefined || target === 'local' ? await doctorLocal(facts, signal) : []),
      ...(target === undefined || target === 'aws' ? await this.onAws(signal) : []),
      ...(target === undefined || target === 'gcp' ? await this.onGcp(target === 'gcp', signal) : []),
    ];
    const exit = checks.some(({ status }) => status === 'failed') ? ExitCode.checkFailed : ExitCode.ok;
    return { result: { checks }, text: renderDoctor(checks, process.stdout.columns || 80), exit };
  }

  private async onAws(signal: AbortSignal): Promise<DoctorCheck[]> {
    const { flags } = this;
    const request = { type: flags.type, image: UBUNTU_24_04, diskGb: DEFAULT_DISK_GB, subnetId: flags.subnet };
    return doctorAws(
      await ec2Of(flags, pathsOf(this.stack)),
      request,
      () => this.address(ec2Endpoint(flags), signal),
      signal,
    );
  }

  /** Who uses AWS alone has no credentials of Google's, and that is no fault. */
  private async onGcp(named: boolean, signal: AbortSignal): Promise<DoctorCheck[]> {
    const { flags } = this;
    const paths = pathsOf(this.stack);
    // `--endpoint-url` is that of EC2.
    const { project, zones: given, 'gcp-endpoint-url': endpoint } = flags;
    const values = { project, zones: given, 'gcp-endpoint-url': endpoint };
    if (!named && !(await hasTraceOfGcp(values, paths))) {
      return [finding('gcp', 'skipped', 'no sign of Google Cloud here', 'examine it with: chainctl doctor gcp')];
    }
    const request = {
      ...{ zones: [...(await zonesOf(values, paths))], type: flags['gcp-type'], network: 'default' },
      ...{ min: 1, max: flags.max, diskGb: DEFAULT_GCP_DISK_GB },
    };
    const open = async () => (await computeOf(values, paths)).compute;
    return doctorGcp(open, request, () => this.address(gcpEndpoint(values), signal), signal);
  }

  private address(endpoint: string | undefined, signal: AbortSignal): Promise<string> {
    return operatorAddress({ given: this.flags['operator-address'], endpoint, fetch, signal });
  }
}
