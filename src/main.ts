import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { outputFailure, surviveFailingStreams, tellOutputFailure, writeFilesWhole } from './ui/terminal.ts';

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
  surviveFailingStreams(process.stdout, process.stderr);
  writeFilesWhole(process.stdout);
  const config = await Config.load(fileURLToPath(directory));
  try {
    await run(argv, config);
  } catch (thrown) {
    const isUnknown = thrown instanceof Error && /^command .* not found\.?$/i.test(thrown.message.split('\n')[0] ?? '');
    const ids = [...config.commandIDs, 'help', 'version'];
    // Loaded only here: what `--help` does not load, nobody waits for.
    const { unknownCommand } = await import('./config/usage-error.ts');
    const { showError } = await import('./ui/render-error.ts');
    const { typedHere } = await import('./ui/invoked-name.ts');
    const commands = ids.map((id) => id.replaceAll(':', ' '));
    showError(isUnknown ? unknownCommand(argv, commands) : thrown, argv, typedHere(ids));
  }
  const lost = await outputFailure(process.stdout);
  if (lost !== undefined) tellOutputFailure(lost);
  process.exit();
}
