/** A piece of an answer: lines of text, or a block of code with its language. */
export interface Block {
  readonly code: boolean;
  readonly text: string;
  readonly language: string;
  /** The line at which it begins, which stays the same while more comes. */
  readonly line: number;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)/;

/** Splits at fences; one that is still open (more is to come) is code up to the end. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let begin = 0;
  let open: { readonly fence: string; readonly language: string } | undefined;
  const end = (code: boolean, language = '') => {
    if (lines.length > 0) blocks.push({ code, text: lines.join('\n'), language, line: begin });
    lines = [];
  };
  for (const [at, line] of text.split('\n').entries()) {
    const [, fence = '', language = ''] = fenceOf(line) ?? [];
    if (open === undefined && fence !== '') {
      end(false);
      open = { fence, language };
    } else if (open !== undefined && line.trim().startsWith(open.fence) && /^[`~\s]+$/.test(line)) {
      end(true, open.language);
      open = undefined;
    } else {
      if (lines.length === 0) begin = at;
      lines.push(line);
    }
  }
  end(open !== undefined, open?.language);
  return blocks;
}

/** What follows is looked at apart: a pattern for the whole line takes seconds for a long line of blanks. */
function fenceOf(line: string): RegExpExecArray | undefined {
  const found = FENCE.exec(line);
  return found === null || line.includes('`', found[0].length) ? undefined : found;
}
