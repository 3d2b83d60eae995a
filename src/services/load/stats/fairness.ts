/**
 * How evenly the hosts were used.
 *
 * `jain` is (sum x)^2 / (n * sum x^2): 1 when all shares are equal, 1/n when one host has everything (Jain, Chiu and
 * Hawe 1984, "A quantitative measure of fairness and discrimination", DEC-TR-301). A host that answered nothing is not
 * known here and cannot count.
 *
 * @returns undefined without an answer
 */
export function fairnessOf(hosts: Iterable<number>): { readonly jain: number; readonly maxMin: number } | undefined {
  const counts = [...hosts].filter((count) => count > 0);
  if (counts.length === 0) return undefined;
  const sum = counts.reduce((total, count) => total + count, 0);
  const squares = counts.reduce((total, count) => total + count * count, 0);
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    jain: round((sum * sum) / (counts.length * squares)),
    maxMin: round(Math.max(...counts) / Math.min(...counts)),
  };
}
