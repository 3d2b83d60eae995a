import { Flags } from '@oclif/core';
import { formerly as formerVariable } from './flags.ts';

interface ResultsFlag {
  readonly description?: string;
  /** Names that the flag had, which still work with a warning. */
  readonly formerly?: readonly string[];
}

/** `--results`, the folder of recorded runs, of every command that writes or reads them. */
export function resultsFlag({ description = 'folder of recorded runs', formerly = [] }: ResultsFlag = {}) {
  const flag = Flags.string({
    description,
    env: 'CHAINCTL_RESULTS',
    default: 'results',
    helpValue: 'FOLDER',
    ...(formerly.length === 0 ? {} : { aliases: [...formerly], deprecateAliases: true }),
  });
  return formerVariable('CHAINCTL_LOAD_OUT', flag) as typeof flag;
}
