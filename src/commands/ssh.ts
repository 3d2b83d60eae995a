import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode, remedy } from '../errors.ts';
import { placesFor } from '../operator.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import { atPlace } from '../services/stack/places.ts';
import { placeOf, shellOf } from '../services/stack/stack-shell.ts';
import { flagsOver } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import { renderInstances } from '../ui/render-stack.ts';

export default class Ssh extends BaseCommand<typeof Ssh> {
  static override summary = "log in to a service's machine; its host key is pinned";
  static override description = `Runs the system's ssh. Words after -- are run there as a command, instead of a shell.
The exit code is the remote command's. Of several machines the newest that runs is used, unless one is named.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> a',
    '<%= config.bin %> <%= command.id %> a -- sudo docker ps',
    '<%= config.bin %> <%= command.id %> b --list',
    '<%= config.bin %> <%= command.id %> b x7kq -- sudo docker ps',
  ];
  static override args = {
    service: Args.option({ description: 'service whose machine is meant', options: SERVICES.map(({ name }) => name) })({
      required: true,
    }),
    instance: Args.string({ description: 'machine, where there are several: its name, or the end of its name' }),
  };
  static override flags = {
    ...flagsOver(PROVIDERS, ({ placeFlags }) => placeFlags),
    list: Flags.boolean({ description: 'list the machines, and do not log in' }),
  };

  #remote: readonly string[] = [];

  override async run(): Promise<void> {
    // The remote command's words are not the arguments of this one.
    const end = this.argv.indexOf('--');
    if (end >= 0) {
      this.#remote = this.argv.slice(end + 1);
      this.argv = this.argv.slice(0, end);
    }
    await super.run();
  }

  protected async perform({ signal, releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const { service: name, instance } = this.args;
    const { paths, places } = await placesFor(this.stack, PROVIDERS, this.flags, signal, { damaged: true });
    await requireStack(paths);
    const service = SERVICES.find((each) => each.name === name) as (typeof SERVICES)[number];
    const place = await placeOf(paths, places, service, SERVICES);
    return atPlace(place, async (connection) => {
      if (this.flags.list) {
        const vms = (await connection.instances?.(name)) ?? [];
        return { result: { vms }, text: renderInstances(vms, service.title) };
      }
      const [program, ...words] = await shellOf(connection, place, service, instance);
      await releaseTerminal();
      const child = spawn(program, [...words, ...this.#remote], { stdio: 'inherit' });
      const [code] = await once(child, 'exit').catch((error: unknown) => {
        throw remedy.configuration(
          'no-ssh',
          `the program ${program} cannot be run`,
          [`install it, and see that it is on the PATH: ${program}`],
          error,
        );
      });
      return { result: { code }, exit: (code ?? ExitCode.interrupted) as ExitCode };
    });
  }
}
