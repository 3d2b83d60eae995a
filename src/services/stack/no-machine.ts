import { type RemedyError, remedy } from '../../errors.ts';
import { stackOption } from './stack-option.ts';

/** There is nothing to log in to, or no key to it. */
export function noMachine(stack: string, service: string, target: string): RemedyError {
  const what = `VM of service ${service.toUpperCase()} that this machine has the keys for`;
  return remedy.configuration('no-vm', `stack ${stack} has no ${what}`, [
    `deploy it first: chainctl deploy ${target}${stackOption(stack)}`,
    'or name another stack with --stack',
  ]);
}
