import { Flags } from '@oclif/core';

/** The file that holds the token of the chain; the value itself is never on a command line, where others can read it. */
export const tokenFileFlag = Flags.string({
  description: "holds the chain's token; or CHAINCTL_TOKEN is it [default: the stack's own, for its own addresses]",
  env: 'CHAINCTL_TOKEN_FILE',
  helpValue: 'FILE',
});
