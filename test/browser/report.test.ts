import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageOf } from '../../src/services/results/html/page.ts';
import { recordedRun } from '../unit/results/fixture.ts';
import { executable, launch, shotPath } from './chromium.ts';

const CHARTS = [
  ...['throughput', 'latency', 'speedup', 'waterfall', 'outcomes'],
  ...['rates', 'in-flight', 'response-over-time', 'hosts'],
];

describe.skipIf(executable === undefined)('report.html in Chromium (skipped without the program chromium)', () => {
  let folder: string;
  let file: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-report-'));
    const path = join(folder, 'report.html');
    const { plan } = recordedRun().report;
    const html = pageOf(recordedRun({ plan: { ...plan, simulated: true } }));
    // 300 kB of script would be a library; this is the whole page, drawings and values included.
    expect(html.length).toBeLessThan(600_000);
    await writeFile(path, html);
    file = pathToFileURL(path).href;
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A page that must not complain and must not ask for anything but its own file. */
  async function withPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(file);
      await use(page);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(pathToFileURL(folder).href) && !url.startsWith('data:'))).toEqual(
        [],
      );
    } finally {
      await context.close();
    }
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test(`${colorScheme} at ${width}: all charts drawn, nothing wider than the page`, async () => {
        await withPage({ colorScheme, viewport: { width, height: 900 } }, async (page) => {
          for (const id of CHARTS) {
            expect(await page.locator(`#${id} svg:visible`).count(), id).toBe(1);
            expect(await page.locator(`#${id} svg:visible .series`).count(), id).toBeGreaterThan(0);
            // A coordinate that is no number would leave a hole and no message.
            expect(await page.locator(`#${id}`).innerHTML(), id).not.toMatch(/NaN|Infinity|undefined/);
          }
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          expect(await page.locator('.simulated').textContent()).toContain('SIMULATED');
          const light = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          expect(light).toBe(colorScheme === 'light' ? 'rgb(245, 246, 248)' : 'rgb(17, 20, 24)');
          await page.screenshot({ path: await shotPath(`report-${colorScheme}-${width}`), fullPage: true });
        });
      });
    }
  }

  test('hover shows the values at the pointer, and leaving hides them', async () => {
    await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
      const plot = page.locator('#latency .plot');
      const box = await plot.boundingBox();
      if (box === null) throw new Error('the chart is not visible');
      const tip = page.locator('#latency .tip');
      expect(await tip.isVisible()).toBe(false);
      await plot.hover({ position: { x: 6 + box.width / 2, y: box.height / 2 } });
      expect(await tip.textContent()).toMatch(/50 rps, steady\s*p50\s*5\.30 s \(5\.02 s to 5\.59 s\)\s*p90\s*6\.10 s/);
      expect(await page.locator('#latency .cursor[visibility=visible]').count()).toBe(1);
      await page.mouse.move(0, 0);
      expect(await tip.isVisible()).toBe(false);
    });
  });

  test('a tip stays within the page on a phone', async () => {
    await withPage({ viewport: { width: 390, height: 800 }, hasTouch: true }, async (page) => {
      const plot = page.locator('#waterfall .plot');
      await plot.scrollIntoViewIfNeeded();
      for (const part of [0.2, 0.5, 0.95]) {
        const box = await plot.boundingBox();
        await plot.tap({ position: { x: (box?.width ?? 0) * part, y: 120 } });
        const tip = await page.locator('#waterfall .tip').boundingBox();
        expect(tip?.x).toBeGreaterThanOrEqual(0);
        expect((tip?.x ?? 0) + (tip?.width ?? 0)).toBeLessThanOrEqual(390);
      }
    });
  });

  test('by keyboard: the arrow keys step through the values, Escape hides them', async () => {
    await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
      const tip = page.locator('#throughput .tip');
      await page.locator('#throughput .plot').focus();
      await page.keyboard.press('Home');
      expect(await tip.textContent()).toContain('1 rps, steady');
      await page.keyboard.press('ArrowRight');
      expect(await tip.textContent()).toContain('10 rps, steady');
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      expect(await tip.textContent()).toContain('800 rps, overloaded');
      await page.keyboard.press('Escape');
      expect(await tip.isVisible()).toBe(false);
    });
  });

  test('the legend hides a series in the drawing and in the tip', async () => {
    await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
      const button = page.locator('#latency .legend button', { hasText: 'p99' });
      const line = page.locator('#latency svg.wide .series').last();
      await button.focus();
      await page.keyboard.press('Enter');
      expect(await button.getAttribute('aria-pressed')).toBe('false');
      expect(await line.isVisible()).toBe(false);
      await page.locator('#latency .plot').focus();
      await page.keyboard.press('Home');
      expect(await page.locator('#latency .tip').textContent()).not.toContain('p99');
      await button.click();
      expect(await line.isVisible()).toBe(true);
    });
  });

  test('the switch goes over the system', async () => {
    await withPage({ colorScheme: 'light' }, async (page) => {
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      const theme = page.locator('#theme');
      const seen: unknown[] = [];
      for (const name of ['light', 'dark', 'system']) {
        await theme.click();
        expect(await theme.textContent()).toBe(`Theme: ${name}`);
        seen.push(await background());
      }
      expect(seen).toEqual(['rgb(245, 246, 248)', 'rgb(17, 20, 24)', 'rgb(245, 246, 248)']);
    });
  });

  test('hosts with long names and a sweep of hours stay within a phone', async () => {
    const path = join(folder, 'long.html');
    const run = recordedRun();
    const long = (host: string) => `instance-group-b-europe-west1-${host}.c.some-project-with-a-name.internal`;
    const renamed = (hosts: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(hosts).map(([host, count]) => [long(host), count]));
    const points = run.report.points.map((point) => ({ ...point, hosts: renamed(point.hosts) }));
    const series = run.series.flatMap((sample) =>
      [0, 20, 40, 60, 80].map((later) => ({ ...sample, second: sample.second + later, hosts: renamed(sample.hosts) })),
    );
    await writeFile(path, pageOf({ ...run, report: { ...run.report, points }, series }));
    await withPage({ viewport: { width: 390, height: 900 } }, async (page) => {
      await page.goto(pathToFileURL(path).href);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      await page.locator('#hosts .plot').focus();
      await page.keyboard.press('End');
      const tip = await page.locator('#hosts .tip').boundingBox();
      expect((tip?.x ?? 0) + (tip?.width ?? 0)).toBeLessThanOrEqual(390);
      expect(await page.locator('#rates .note').textContent()).toContain('Each value stands for 2 seconds');
    });
  });

  test('a table of values under each chart', async () => {
    await withPage({}, async (page) => {
      for (const id of CHARTS) {
        const details = page.locator(`#${id} details`);
        await details.locator('summary').click();
        expect(await details.locator('tbody tr').count(), id).toBeGreaterThan(5);
      }
      expect(await page.locator('#waterfall details tbody tr').first().textContent()).toMatch(
        /^1 rps, steady\s*0\.20 ms\s*400 ms/,
      );
    });
  });

  test('on paper: light, without what only works on a screen', async () => {
    await withPage({ colorScheme: 'dark', viewport: { width: 720, height: 1000 } }, async (page) => {
      await page.locator('#theme').click();
      await page.locator('#theme').click();
      await page.emulateMedia({ media: 'print' });
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
      expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(27, 32, 39)');
      expect(await page.locator('#theme').isVisible()).toBe(false);
      expect(await page.locator('figure svg:visible').count()).toBe(CHARTS.length);
      await page.screenshot({ path: await shotPath('report-print'), fullPage: true });
      expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(20_000);
    });
  });

  test('without its script the page still has every drawing and value', async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      expect(await page.locator('figure svg:visible').count()).toBe(CHARTS.length);
      expect(await page.locator('#theme').isVisible()).toBe(false);
    });
  });
});
