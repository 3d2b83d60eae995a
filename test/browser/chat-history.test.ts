import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { bubbles, chatPages, focused, say } from './chat-page.ts';
import type { ChatServer } from './chat-server.ts';
import { executable, shotPath } from './chromium.ts';

const FAILED = /Failed to load resource/;

/** Asks, and answers with the same words and an exclamation mark. */
async function exchange(page: Page, server: ChatServer, text: string): Promise<void> {
  const before = await page.locator('.figures').count();
  await say(page, text);
  const chat = await server.next();
  chat.say(`${text}!`);
  chat.end();
  await expect.poll(() => page.locator('.figures').count()).toBe(before + 1);
}

const titles = (page: Page) => page.locator('nav .title').allInnerTexts();

describe.skipIf(executable === undefined)(
  'conversations on the chat page (skipped without the program chromium)',
  () => {
    const open = chatPages();

    test('are listed, opened, begun anew and deleted, by keyboard alone', async () => {
      const { page, server } = await open({ mayComplain: FAILED });
      await exchange(page, server, 'First');
      await page.getByRole('button', { name: 'New chat' }).focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => bubbles(page)).toEqual([]);
      expect(await focused(page)).toBe('TEXTAREA');
      await exchange(page, server, 'Second');
      expect((await server.chats.at(-1))?.body.messages).toEqual([{ role: 'user', content: 'Second' }]);
      await expect.poll(() => titles(page)).toEqual(['Second', 'First']);
      await page.getByRole('link', { name: 'First' }).focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => bubbles(page)).toEqual(['First', 'First!']);
      await page.goBack();
      await expect.poll(() => bubbles(page)).toEqual(['Second', 'Second!']);
      // Asked first; Escape and "Keep" keep it.
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'Delete First' }).focus();
      await page.keyboard.press('Enter');
      await dialog.getByText('Delete “First”?').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await titles(page)).toEqual(['Second', 'First']);
      await page.keyboard.press('Enter');
      await dialog.waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await expect.poll(() => titles(page)).toEqual(['Second']);
      expect(await bubbles(page)).toEqual(['Second', 'Second!']);
      await page.getByRole('button', { name: 'Delete all' }).click();
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
      await expect.poll(() => bubbles(page)).toEqual([]);
      await page.reload();
      await page.getByText('None yet.').waitFor();
    });

    test('are exported as they are', async () => {
      const { page, server } = await open();
      await exchange(page, server, 'A question: what?');
      const save = async (name: string) => {
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name }).click();
        const file = await download;
        return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
      };
      const json = await save('Export JSON');
      expect(json.name).toBe('A-question-what.json');
      expect(JSON.parse(json.text)).toMatchObject({
        title: 'A question: what?',
        messages: [
          { role: 'user', content: 'A question: what?' },
          { role: 'assistant', content: 'A question: what?!', state: 'complete', chainctl: { total_seconds: 1.92 } },
        ],
      });
      const markdown = await save('Export Markdown');
      expect(markdown.name).toBe('A-question-what.md');
      expect(markdown.text).toContain(
        '## chain\n\nA question: what?!\n\n*simulated, a · tinyllama 0.40 s, b · phi3:mini 1.50 s',
      );
    });

    test('are one conversation in two tabs: nothing is lost, and both have one order', async () => {
      const { page, context, server } = await open({ mayComplain: FAILED });
      await exchange(page, server, 'One');
      const other = await context.newPage();
      await other.goto(page.url());
      await expect.poll(() => bubbles(other)).toEqual(['One', 'One!']);
      await say(page, 'Two');
      const two = await server.next();
      await expect.poll(async () => (await bubbles(other)).slice(2, 3)).toEqual(['Two']);
      await say(other, 'Three');
      const three = await server.next();
      three.say('Three!');
      three.end();
      two.say('Two!');
      two.end();
      const all = ['One', 'One!', 'Two', 'Two!', 'Three', 'Three!'];
      await expect.poll(() => bubbles(page)).toEqual(all);
      await expect.poll(() => bubbles(other)).toEqual(all);
      await page.reload();
      await expect.poll(() => bubbles(page)).toEqual(all);
      // Deleted in one, it is not brought back by the other.
      await page.locator('.tools').getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
      await other.getByText('This conversation was deleted in another tab.').waitFor();
      await exchange(other, server, 'Four');
      await page.reload();
      await page.getByText('None yet.').waitFor();
    });

    test('are not kept while the database is locked, which is said; then they are', async () => {
      const { page, server, folder } = await open({ mayComplain: FAILED });
      await exchange(page, server, 'Before');
      await expect.poll(() => titles(page)).toEqual(['Before']);
      // Waits for what A still writes.
      const lock = new DatabaseSync(join(folder, 'history.db'), { timeout: 10_000 });
      lock.exec('BEGIN EXCLUSIVE');
      await exchange(page, server, 'Meanwhile');
      await page.getByText('History is not kept: database is locked').waitFor();
      await page.screenshot({ path: await shotPath('chat-not-kept') });
      await exchange(page, server, 'Still');
      lock.exec('COMMIT');
      lock.close();
      await page.getByText('History is not kept').waitFor({ state: 'detached' });
      await page.reload();
      const all = ['Before', 'Before!', 'Meanwhile', 'Meanwhile!', 'Still', 'Still!'];
      await expect.poll(() => bubbles(page)).toEqual(all);
      expect(server.warnings).toEqual([
        'history is not kept, chats go on without it: database is locked',
        'history is kept again',
      ]);
    });

    test('are not kept where history is off, which is said', async () => {
      const { page, server } = await open({ env: { HISTORY: 'off' }, mayComplain: FAILED });
      await page.getByText('History is not kept: it is turned off (HISTORY=off)').waitFor();
      await exchange(page, server, 'One');
      await exchange(page, server, 'Two');
      expect(server.chats.at(-1)?.body.messages).toHaveLength(3);
      expect(server.warnings).toEqual([]);
    });

    test('that are gone are said to be, and what is said then is another one', async () => {
      const { page, server } = await open({ mayComplain: FAILED });
      await page.goto(`${server.url}/#gone-conversation-1`);
      await page.getByText('The conversation of this address is not here any more').waitFor();
      expect(new URL(page.url()).hash).toBe('');
      await exchange(page, server, 'Another');
      await expect.poll(() => titles(page)).toEqual(['Another']);
      expect(page.url()).not.toContain('gone-conversation-1');
    });

    test('that alone are too large say so, and others are kept', async () => {
      const { page, server } = await open({ env: { HISTORY_MAX_MB: '1' }, mayComplain: FAILED });
      const large = 'x'.repeat(400_000);
      for (const at of [1, 2, 3]) {
        await say(page, `Large ${at}`);
        const chat = await server.next();
        chat.say(large);
        chat.end();
        await expect.poll(() => page.locator('.figures').count()).toBe(at);
      }
      await exchange(page, server, 'One more');
      await page.getByText(/What is said here now is not kept: .*HISTORY_MAX_MB/).waitFor();
      await page.getByRole('button', { name: 'New chat' }).click();
      await exchange(page, server, 'Another');
      await expect.poll(() => titles(page)).toEqual(['Another']);
    });

    test('of 10,000 messages can be opened and gone on with', async () => {
      const { page, server, folder } = await open({ mayComplain: FAILED });
      await exchange(page, server, 'The first');
      await expect.poll(() => titles(page)).toEqual(['The first']);
      const file = new DatabaseSync(join(folder, 'history.db'));
      file.exec(`WITH RECURSIVE n(at) AS (SELECT 2 UNION ALL SELECT at + 1 FROM n WHERE at < 5000)
      INSERT INTO chainctl_turns (conversation_id, id, position, created_at, bytes, state, question, answer)
      SELECT id, 'turn-' || (10000 + at), at, 0, 200, 'complete', 'question ' || at, 'answer ' || at || ' with some words'
      FROM chainctl_conversations, n`);
      file.exec('UPDATE chainctl_conversations SET turns = 5000');
      file.close();
      await page.reload();
      await expect.poll(() => bubbles(page).then((all) => all.at(-1))).toBe('answer 5000 with some words');
      await page.getByRole('button', { name: 'Show earlier messages (9900 more)' }).waitFor();
      await say(page, 'The last');
      const chat = await server.next();
      expect(chat.body.messages).toHaveLength(10_001);
      chat.say('word '.repeat(50));
      chat.end();
      await page.locator('.figures').waitFor();
      // What is drawn stays bounded.
      expect(await page.locator('.message').count()).toBe(100);
      await page.getByRole('button', { name: /Show earlier/ }).click();
      await expect.poll(() => page.locator('.message').count()).toBe(200);
    });
  },
);
