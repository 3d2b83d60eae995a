/** What the place we write to can do. "Can prompt" and "can animate" are separate questions. */
export interface Terminal {
  readonly canPrompt: boolean;
  readonly canAnimate: boolean;
  readonly columns: number;
}

type Stream = { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Decides from the streams and the environment; `CI` and `TERM=dumb` mean that nothing may be redrawn, and so does
 * `INK_SCREEN_READER=true`: a region that is redrawn four times a second would be read out again and again.
 */
export function terminalOf(
  streams: { readonly stdin: Stream; readonly stderr: Stream },
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const tty = streams.stderr.isTTY === true;
  const ci = env.CI !== undefined && env.CI !== '' && env.CI !== 'false' && env.CI !== '0';
  return {
    canPrompt: streams.stdin.isTTY === true && tty,
    canAnimate: tty && env.TERM !== 'dumb' && !ci && env.INK_SCREEN_READER !== 'true',
    columns: streams.stderr.columns || 80,
  };
}
