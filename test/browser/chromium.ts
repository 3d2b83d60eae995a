import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { ROOT } from '../support/cli.ts';

/** The system's Chromium; undefined where there is none, and then these tests are skipped. */
export const executable = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((path) => existsSync(path));

/** A Chromium that asks nobody anything by itself, so that any request seen is the page's own. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    ...(executable === undefined ? {} : { executablePath: executable }),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Where screenshots land, to be looked at: nothing compares them. */
export async function shotPath(name: string): Promise<string> {
  const folder = join(ROOT, '.cache', 'screenshots');
  await mkdir(folder, { recursive: true });
  return join(folder, `${name}.png`);
}
