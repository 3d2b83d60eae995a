/** What `load` ends with after its only point, which succeeded: where this machine was too busy to measure, 8. */
export function exitOfPoint({
  result,
}: {
  readonly result: { readonly points: readonly { readonly validity: string }[] };
}) {
  return result.points[0]?.validity === 'valid' ? 0 : 8;
}
