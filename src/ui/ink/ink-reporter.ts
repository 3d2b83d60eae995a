import { stripVTControlCharacters, styleText } from 'node:util';
import { render } from 'ink';
import { createElement } from 'react';
import type { Reporter } from '../../events.ts';
import { canShowUnicode, toAscii } from '../format/glyphs.ts';
import type { Paint } from '../format/text.ts';
import { liveRows } from './live-rows.ts';
import { LiveView } from './live-view.tsx';
import { eraseBroken, reflows } from './reflow.ts';
import { type SweepKeysDeps, sweepKeys } from './sweep-keys.ts';
import { emptyView, isActive, reduceView } from './view-model.ts';

/** Often enough to watch, and seldom enough that a load generator beside it does not feel it. */
const FRAME_MS = 250;

/**
 * Live view for a terminal: events only change the model, a timer draws it, so that a flood of events costs one frame.
 * stdin is left alone, and Ctrl-C stays a signal, but while a sweep runs that `keys` can steer.
 */
export function inkReporter(stderr: NodeJS.WriteStream, keysDeps?: SweepKeysDeps): Reporter {
  const paint: Paint = (format, text) => styleText(format, text, { stream: stderr });
  const glyphs = canShowUnicode(process.env) ? (text: string) => text : toAscii;
  const broken = reflows(process.env);
  const keys = keysDeps === undefined ? undefined : sweepKeys(keysDeps);
  let view = emptyView;
  let changed = false;
  let closed = false;
  let rows: readonly string[] = [];

  const draw = (live: boolean) => {
    const columns = stderr.columns || 80;
    const screen = { now: performance.now(), columns, rows: stderr.rows || 24, asked: keys?.asked };
    rows = live ? liveRows(view, screen, paint).map(glyphs) : [];
    return createElement(LiveView, { entries: view.entries, rows, columns, paint, glyphs });
  };
  const onResize = () => {
    const widths = rows.map((row) => [...stripVTControlCharacters(row)].length);
    const size = { columns: stderr.columns || 80, rows: stderr.rows || 24 };
    if (broken && widths.length > 0) stderr.write(eraseBroken(widths, size));
    app.rerender(draw(true));
  };
  // Before Ink's own listener, which erases what is left, and draws what was rendered last.
  stderr.on('resize', onResize);
  const app = render(draw(true), { stdout: stderr, exitOnCtrlC: false, patchConsole: false });
  const timer = setInterval(() => {
    if (!changed && !isActive(view)) return;
    changed = false;
    keys?.follow(view.sweep);
    app.rerender(draw(true));
  }, FRAME_MS);
  timer.unref();

  return {
    handle(event) {
      if (closed) return;
      view = reduceView(view, event, performance.now(), paint);
      changed = true;
      if (view.sweep === undefined) keys?.follow(undefined);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      stderr.off('resize', onResize);
      keys?.follow(undefined);
      app.rerender(draw(false));
      app.unmount();
      await app.waitUntilExit();
    },
  };
}
