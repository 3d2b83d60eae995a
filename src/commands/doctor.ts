import { Args } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { placesFor } from '../operator.ts';
import { doctorFlagsOf, doctorFlagsOver, examinePlaces } from '../services/doctor/places.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { renderDoctor } from '../ui/render-doctor.ts';

const EXAMINED = PROVIDERS.filter(({ doctorFlags }) => doctorFlags !== undefined);

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary =
    'check everything a deploy needs: this machine, credentials, clock, region, type, permissions';
  static override description = `Changes nothing and makes nothing. Exits 8 when a check fails.
Without a place it checks every one that is configured here.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    ...EXAMINED.map(({ name }) => `<%= config.bin %> <%= command.id %> ${name}`),
  ];
  static override args = {
    target: Args.option({
      description: 'place to check [default: every one that is configured here]',
      options: EXAMINED.map(({ name }) => name),
    })(),
  };
  static override flags = doctorFlagsOver(EXAMINED);

  protected async perform({ signal }: CommandContext): Promise<CommandOutcome> {
    const { target } = this.args;
    const { places } = await placesFor(this.stack, EXAMINED, this.flags, signal, {
      damaged: true,
      flagsOf: doctorFlagsOf,
    });
    const checks = await examinePlaces(places, target);
    const exit = checks.some(({ status }) => status === 'failed') ? ExitCode.checkFailed : ExitCode.ok;
    return { result: { checks }, text: renderDoctor(checks, process.stdout.columns || 80), exit };
  }
}
