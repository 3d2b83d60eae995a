import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { ExitCode, RemedyError, reasonOf } from './errors.ts';

/**
 * Runs the command line and leaves with its exit code. The one place that ends the process: keep-alive sockets of a
 * finished command must not hold it open.
 *
 * @param directory URL of a file inside the package
 */
export async function main(directory: string): Promise<never> {
  const typed = process.argv.slice(2);
  // `help load` is `load --help`.
  const argv = typed[0] === 'help' ? [...typed.slice(1), '--help'] : typed;
  const config = await Config.load(fileURLToPath(directory));
  try {
    await run(argv, config);
  } catch (thrown) {
    const isUnknown = thrown instanceof Error && /^command .* not found\.?$/i.test(thrown.message.split('\n')[0] ?? '');
    const commands = [...config.commandIDs.map((id) => id.replaceAll(':', ' ')), 'help', 'version'];
    // Loaded only here: what `--help` does not load, nobody waits for.
    const { unknownCommand } = await import('./config/usage-error.ts');
    const { renderError } = await import('./ui/render-error.ts');
    const error = isUnknown ? unknownCommand(argv, commands) : thrown;
    process.exitCode = isUnknown ? ExitCode.usage : ExitCode.bug;
    if (argv.includes('--json')) {
      const { code, nextSteps } = error instanceof RemedyError ? error : { code: 'bug', nextSteps: [] };
      const fault = { code, message: reasonOf(error), exit: process.exitCode, nextSteps };
      process.stdout.write(`${JSON.stringify({ status: 'error', result: null, error: fault, warnings: [] })}\n`);
    } else {
      const { asInvoked, invokedName } = await import('./ui/invoked-name.ts');
      const name = invokedName({ script: process.argv[1], cwd: process.cwd(), env: process.env });
      const text = renderError(error, { debug: argv.includes('--debug'), stream: process.stderr });
      process.stderr.write(
        asInvoked(
          text,
          name,
          commands.map((id) => id.replace(/ .*/, '')),
        ),
      );
    }
  }
  process.exit();
}
