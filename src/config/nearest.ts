/**
 * What was probably meant by a mistyped word. Pure.
 *
 * @returns the candidate that fewest changes make of it (a letter more, less or other, or two in the wrong order), where
 *   those are few for its length, and leave something of it
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const isNear = (candidate: string, changes: number) =>
    changes <= Math.max(1, Math.floor(candidate.length / 3)) && changes < candidate.length;
  const ranked = candidates
    .map((candidate) => ({ candidate, changes: changesBetween(word, candidate) }))
    .filter(({ candidate, changes }) => isNear(candidate, changes))
    .sort((a, b) => a.changes - b.changes);
  return ranked[0]?.candidate;
}

/** The optimal string alignment distance, row by row. */
function changesBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = [...Array(b.length + 1).keys()];
  const at = (of: readonly number[], index: number) => of[index] as number;
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        at(row, j) + 1,
        at(next, j - 1) + 1,
        at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}
