/** What a command needs at its end to mean the stack, with a space before it; nothing for the one that is meant anyway. */
export function stackOption(stack: string): string {
  return stack === 'default' ? '' : ` --stack ${stack}`;
}
