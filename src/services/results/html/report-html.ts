import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { remedy } from '../../../errors.ts';
import type { ReportedRun, WatchedGroup } from '../recorded.ts';
import { pageOf } from './page.ts';
import { watchPageOf } from './scaling-section.ts';
import type { PageAssets } from './shell.ts';

/** Beside the built command; in dist/ when run from source. */
const BUILT = new URL(
  import.meta.url.endsWith('.ts') ? '../../../../dist/templates/' : '../../../templates/',
  import.meta.url,
);

/**
 * The interactive report of a run: one HTML file.
 *
 * @throws RemedyError `not-built` (exit 3) when the page's script or style is missing
 */
export async function renderHtmlReport(run: ReportedRun): Promise<string> {
  return pageOf(run, await readAssets());
}

/** The same of a group that was watched without a run, with the same errors. */
export async function renderWatchHtml(watch: WatchedGroup): Promise<string> {
  return watchPageOf(watch, await readAssets());
}

async function readAssets(): Promise<PageAssets> {
  const [css, script] = await Promise.all([read('report.css'), read('report.js')]);
  return { css, script };
}

async function read(name: string): Promise<string> {
  const path = fileURLToPath(new URL(name, BUILT));
  try {
    // As part of an element, the text must not end it; neither file has a reason to.
    return (await readFile(path, 'utf8')).replaceAll(/<\/(?=script|style)/gi, '<\\/');
  } catch (error) {
    throw remedy.configuration(
      'not-built',
      `the built report template ${path} is missing`,
      ['in a checkout: npm run build', 'otherwise install chainctl again'],
      error,
    );
  }
}
