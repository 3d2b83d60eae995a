import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { remedy } from '../../../errors.ts';
import { type Chart, chartData } from './chart.ts';
import { escapeHtml, inlineJson } from './markup.ts';

/** Beside the built command; in dist/ when run from source. */
const BUILT = new URL(
  import.meta.url.endsWith('.ts') ? '../../../../dist/templates/' : '../../../templates/',
  import.meta.url,
);

/** The page's style sheet and script, as text. */
export interface PageAssets {
  readonly css: string;
  readonly script: string;
}

export interface PageParts {
  /** Plain text, as are the two below it. */
  readonly title: string;
  readonly heading: string;
  readonly subheading: string;
  /** Markup of everything below the head. */
  readonly main: string;
  /** All charts that it draws, for the hover. */
  readonly charts: readonly Chart[];
}

/**
 * One HTML file that needs nothing else: no network, no other file. Its policy forbids everything but its own script
 * and style, so foreign text that slipped through an escape could still do nothing.
 */
export function shellOf({ title, heading, subheading, main, charts }: PageParts, { css, script }: PageAssets): string {
  const policy = `default-src 'none'; script-src '${hash(script)}'; style-src '${hash(css)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${css}</style>
</head>
<body>
<header>
<div><h1>${escapeHtml(heading)}</h1><p class="target">${escapeHtml(subheading)}</p></div>
<button type="button" id="theme" hidden>Theme: system</button>
</header>
<main>
${main}
</main>
<script type="application/json" id="charts-data">${inlineJson(charts.map(chartData))}</script>
<script>${script}</script>
</body>
</html>
`;
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** @throws RemedyError `not-built` (exit 3) when the page's script or style is missing */
export function builtAssets(): PageAssets {
  return { css: readBuilt('report.css'), script: readBuilt('report.js') };
}

function readBuilt(name: string): string {
  const path = fileURLToPath(new URL(name, BUILT));
  try {
    // As part of an element, the text must not end it; neither file has a reason to.
    return readFileSync(path, 'utf8').replaceAll(/<\/(?=script|style)/gi, '<\\/');
  } catch (error) {
    throw remedy.configuration(
      'not-built',
      `the built report template ${path} is missing`,
      ['in a checkout: npm run build', 'otherwise install chainctl again'],
      error,
    );
  }
}
