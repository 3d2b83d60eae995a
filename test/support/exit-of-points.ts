/** What `load` ends with after points that succeeded: where this machine was too busy to measure any of them, 8. */
export function exitOfPoints({
  result,
}: {
  readonly result: { readonly points: readonly { readonly validity: string }[] };
}) {
  return result.points.some(({ validity }) => validity === 'valid') ? 0 : 8;
}
