import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageOf } from '../../src/services/results/html/page.ts';
import { elasticRun, oneToThree } from '../unit/scaling/fixture.ts';
import { executable, launch, shotPath } from './chromium.ts';

describe.skipIf(executable === undefined)('a watched group in Chromium (skipped without the program chromium)', () => {
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-scaling-'));
    const run = elasticRun({
      ...oneToThree,
      change: (sample, second) => {
        const error = {
          at: sample.group.at,
          code: 'QUOTA_EXCEEDED',
          message: "Quota 'CPUS' exceeded",
          instance: 'b-3',
        };
        return second === 45 ? { ...sample, group: { ...sample.group, errors: [error] } } : sample;
      },
    });
    await writeFile(join(folder, 'report.html'), pageOf(run));
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function withPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(pathToFileURL(join(folder, 'report.html')).href);
      await use(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test(`${colorScheme} at ${width}: both panels drawn, decisions and errors marked, nothing wider than the page`, async () => {
        await withPage({ colorScheme, viewport: { width, height: 900 } }, async (page) => {
          const drawing = page.locator('#group-size svg:visible');
          expect(await drawing.count()).toBe(1);
          expect(await drawing.locator('.axis').count()).toBe(2);
          expect(await drawing.locator('.series').count()).toBe(7);
          expect(await drawing.locator('.mark-label').allTextContents()).toEqual(['1 to 3', '3 to 1']);
          expect(await drawing.locator('.flag').allTextContents()).toEqual(['QUOTA_EXCEEDED']);
          expect(await page.locator('#group-size').innerHTML()).not.toMatch(/NaN|Infinity|undefined/);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          // The lower panel stands below the upper one, and no line leaves its own.
          const boxes = await Promise.all(
            [0, 6].map((index) => drawing.locator(`[data-series="${index}"]`).boundingBox()),
          );
          const [upper, lower] = boxes;
          expect((upper?.y ?? 0) + (upper?.height ?? 0)).toBeLessThan(lower?.y ?? 0);
          expect(await page.locator('#group-instances svg:visible .series').count()).toBe(3);
          expect(await page.locator('#group-instances').innerHTML()).not.toMatch(/NaN|Infinity|undefined/);
          const section = page.locator('section[aria-labelledby=scaling]');
          await section.screenshot({ path: await shotPath(`scaling-${colorScheme}-${width}`) });
        });
      });
    }
  }

  test('one tip tells of both panels, by pointer and by key', async () => {
    await withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
      const plot = page.locator('#group-size .plot');
      const tip = page.locator('#group-size .tip');
      await plot.focus();
      await page.keyboard.press('Home');
      expect(await tip.textContent()).toMatch(/^0:00serving 1running 1target 1demand 1offered 10.0\/sok 10.0\/s/);
      const box = await plot.boundingBox();
      if (box === null) throw new Error('the chart is not visible');
      await plot.hover({ position: { x: box.width * 0.62, y: box.height * 0.8 } });
      expect(await tip.textContent()).toMatch(/serving 3running 3target 3/);
      expect(await tip.textContent()).toContain('offered');
    });
  });

  test('for those who do not see it: what it shows, and every value in a table', async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      const drawing = page.locator('#group-size svg:visible');
      expect(await drawing.getAttribute('role')).toBe('img');
      expect(await drawing.locator('desc').textContent()).toContain(
        'its size went 1 to 3 after 40 s, 3 to 1 after 115 s',
      );
      const details = page.locator('#group-size details');
      await details.locator('summary').click();
      expect(await details.locator('tbody tr').count()).toBe(31);
      const section = page.locator('section[aria-labelledby=scaling]');
      expect(await section.locator('table caption').allTextContents()).toEqual([
        expect.stringContaining('Size of b'),
        expect.stringContaining('Life of every instance'),
        ...['Scale-out, seconds', 'Scale-in, seconds', 'Elasticity (metrics of the SPEC research group), per cent'],
      ]);
    });
  });
});
