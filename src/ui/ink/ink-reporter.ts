import { styleText } from 'node:util';
import { render } from 'ink';
import { createElement } from 'react';
import type { Paint } from '../format/text.ts';
import type { Reporter } from '../reporter.ts';
import { LiveView } from './live-view.tsx';
import { emptyView, isActive, reduceView } from './view-model.ts';

const FRAME_MS = 125;

/**
 * Live view for a terminal: events only change the model, a timer draws it, so that a flood of events costs one frame.
 * stdin is left alone: Ctrl-C stays a signal.
 */
export function inkReporter(stderr: NodeJS.WriteStream): Reporter {
  const paint: Paint = (format, text) => styleText(format, text, { stream: stderr });
  let view = emptyView;
  let changed = false;
  let closed = false;

  const draw = (live: boolean) => {
    const frame = { now: performance.now(), columns: stderr.columns ?? 80, rows: stderr.rows ?? 24 };
    return createElement(LiveView, { view, frame, live, paint });
  };
  const app = render(draw(true), { stdout: stderr, exitOnCtrlC: false, patchConsole: false, maxFps: 1000 / FRAME_MS });
  const timer = setInterval(() => {
    if (!changed && !isActive(view)) return;
    changed = false;
    app.rerender(draw(true));
  }, FRAME_MS);
  timer.unref();

  return {
    handle(event) {
      if (closed) return;
      view = reduceView(view, event, performance.now(), paint);
      changed = true;
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      app.rerender(draw(false));
      app.unmount();
      await app.waitUntilExit();
    },
  };
}
