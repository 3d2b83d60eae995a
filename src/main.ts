import { run } from '@oclif/core/run';
import { ExitCode, RemedyError } from './errors.ts';
import { asInvoked, invokedName } from './ui/invoked-name.ts';
import { renderError } from './ui/render-error.ts';

/**
 * Runs the command line and leaves with its exit code. The one place that ends the process: keep-alive sockets of a
 * finished command must not hold it open.
 *
 * @param directory URL of a file inside the package
 */
export async function main(directory: string): Promise<never> {
  try {
    await run(process.argv.slice(2), directory);
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const unknown = /^command .* not found$/.test(said);
    // oclif joins words with colons; nobody typed them.
    const message = said.replace(
      /^command (.*) not found$/,
      (_, id: string) => `there is no command "${id.replaceAll(':', ' ')}"`,
    );
    const shown = unknown
      ? new RemedyError(message, {
          code: 'usage',
          exit: ExitCode.usage,
          nextSteps: ['see all commands with "chainctl --help"'],
        })
      : error;
    process.exitCode = unknown ? ExitCode.usage : ExitCode.bug;
    if (process.argv.includes('--json')) {
      const code = unknown ? 'usage' : 'bug';
      const fault = { code, message, exit: process.exitCode, nextSteps: unknown ? ['chainctl --help'] : [] };
      process.stdout.write(`${JSON.stringify({ status: 'error', result: null, error: fault, warnings: [] })}\n`);
    } else {
      const name = invokedName({ script: process.argv[1], cwd: process.cwd(), env: process.env });
      const typed = (text: string) => asInvoked(text, name, []);
      const debug = process.argv.includes('--debug');
      process.stderr.write(renderError(shown, { debug, stream: process.stderr, typed }));
    }
  }
  process.exit();
}
