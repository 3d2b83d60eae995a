import { Flags } from '@oclif/core';

interface ResultsFlag {
  readonly description?: string;
  /** Names that the flag had, which still work with a warning. */
  readonly formerly?: readonly string[];
}

/** `--results`, the folder of recorded runs, of every command that writes or reads them. */
export function resultsFlag({ description = 'folder of recorded runs', formerly = [] }: ResultsFlag = {}) {
  return Flags.string({
    description,
    env: 'CHAINCTL_RESULTS',
    // The variable had another name.
    default: async () => process.env.CHAINCTL_LOAD_OUT || 'results',
    defaultHelp: async () => 'results',
    helpValue: 'FOLDER',
    ...(formerly.length === 0 ? {} : { aliases: [...formerly], deprecateAliases: true }),
  });
}
