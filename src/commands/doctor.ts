import { Args } from '@oclif/core';
import { ec2Endpoint, ec2Of, homeFolder } from '../aws-surroundings.ts';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { awsFlags, vmFlags } from '../config/aws-flags.ts';
import { ExitCode } from '../errors.ts';
import { UBUNTU_24_04 } from '../services/aws/ami.ts';
import { doctorAws } from '../services/aws/doctor.ts';
import { DEFAULT_DISK_GB } from '../services/aws/request.ts';
import { doctorLocal } from '../services/doctor/local.ts';
import { descriptorLimit } from '../services/load/engine/descriptors.ts';
import { operatorAddress } from '../services/stack/operator-address.ts';
import { pathsOf } from '../surroundings.ts';
import { renderDoctor } from '../ui/render-aws.ts';

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = 'examine what a deploy needs: this machine, credentials, clock, region, type, permissions';
  static override description = 'Changes nothing and makes nothing. Exits 8 when a check fails.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> local',
    '<%= config.bin %> <%= command.id %> aws --region us-east-1 --type t4g.large',
  ];
  static override args = {
    target: Args.option({ description: 'what to examine [default: everything]', options: ['local', 'aws'] as const })(),
  };
  static override flags = { ...awsFlags, ...vmFlags };

  protected async perform({ signal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const { target } = this.args;
    const facts = {
      home: homeFolder(),
      nodeVersion: process.version,
      descriptorLimit: descriptorLimit(),
      agentSocket: process.env.SSH_AUTH_SOCK,
    };
    const request = { type: flags.type, image: UBUNTU_24_04, diskGb: DEFAULT_DISK_GB, subnetId: flags.subnet };
    const findAddress = () =>
      operatorAddress({ given: flags['operator-address'], endpoint: ec2Endpoint(flags), fetch, signal });
    const checks = [
      ...(target === 'aws' ? [] : await doctorLocal(facts, signal)),
      ...(target === 'local'
        ? []
        : await doctorAws(await ec2Of(flags, pathsOf(this.stack)), request, findAddress, signal)),
    ];
    const exit = checks.some(({ status }) => status === 'failed') ? ExitCode.checkFailed : ExitCode.ok;
    return { result: { checks }, text: renderDoctor(checks), exit };
  }
}
