/** Flags under a heading of their own in the help. */
export function grouped<F extends object>(helpGroup: string, flags: F): F {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, helpGroup }])) as F;
}
