import type { ComponentChildren } from 'preact';
import { blocksOf } from './blocks.ts';
import { CopyButton } from './copy.tsx';

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*/g;

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(match[1] === undefined ? <strong>{match[2]}</strong> : <code>{match[1]}</code>);
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** What a model wrote: text, code and emphasis, made as elements. Nothing of it is ever read as HTML. */
export function ModelText({ text }: { readonly text: string }) {
  return (
    <>
      {blocksOf(text).map(({ code, text: lines, language, line }) =>
        code ? (
          <div key={line} class="code">
            <div class="row">
              <span class="quiet">{language}</span>
              <CopyButton text={lines} label="Copy code" />
            </div>
            <pre dir="ltr">
              <code>{lines}</code>
            </pre>
          </div>
        ) : (
          <p key={line} dir="auto">
            {inline(lines.replace(/^\n+|\n+$/g, ''))}
          </p>
        ),
      )}
    </>
  );
}
