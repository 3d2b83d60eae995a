/** One argument for a POSIX shell, whatever is in it. */
export function quote(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
