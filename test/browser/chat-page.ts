import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type ChatServer, startChatServer } from './chat-server.ts';
import { launch } from './chromium.ts';

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly server: ChatServer;
  /** A folder of this test's own, with the history in `history.db`. */
  readonly folder: string;
}

interface OpenOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly browser?: BrowserContextOptions;
  /** The browser's own complaints about answers that are to fail. */
  readonly mayComplain?: RegExp;
}

/** Opens the page in a Chromium; closes all of it after each test, and looks whether it asked or complained. */
export function chatPages() {
  let browser: Browser;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  return async ({ env = {}, token, browser: options = {}, mayComplain }: OpenOptions = {}): Promise<OpenPage> => {
    const folder = mkdtempSync(join(tmpdir(), 'chainctl-chat-'));
    const server = await startChatServer(
      { HISTORY_PATH: join(folder, 'history.db'), ...env },
      token === undefined ? {} : { token },
    );
    const context = await browser.newContext(options);
    context.setDefaultTimeout(20_000);
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    context.on('console', (message) => complaints.push(message.text()));
    context.on('weberror', (error) => complaints.push(error.error().message));
    context.on('request', (request) => {
      if (!request.url().startsWith(`${server.url}/`) && !request.url().startsWith('blob:'))
        elsewhere.push(request.url());
    });
    ends.push(async () => {
      await context.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
      expect(elsewhere).toEqual([]);
      expect(complaints.filter((text) => !mayComplain?.test(text))).toEqual([]);
    });
    const page = await context.newPage();
    await page.goto(server.url);
    // With a token it has none before it knows it.
    if (token === undefined) await page.locator('option', { hasText: 'chain' }).waitFor({ state: 'attached' });
    return { page, context, server, folder };
  };
}

/** Writes into the field and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.fill('textarea', text);
  await page.press('textarea', 'Enter');
}

/** What stands in the bubbles. */
export async function bubbles(page: Page): Promise<string[]> {
  return (await page.locator('.message .message-content').allInnerTexts()).map((text) => text.trim());
}

export function focused(page: Page): Promise<string> {
  return page.evaluate('document.activeElement?.textContent || document.activeElement?.tagName');
}
