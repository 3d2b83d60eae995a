import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, request } from '../integration/services/lab.ts';
import { bubbles, say } from './chat-page.ts';
import { executable, launch } from './chromium.ts';

describe.skipIf(executable === undefined)(
  'the chat page of a whole chain (skipped without the program chromium)',
  () => {
    const lab = createLab();
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      browser = await launch();
      folder = mkdtempSync(join(tmpdir(), 'chainctl-chain-page-'));
    });
    afterAll(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test('answers with the times of both hops, keeps it, and writes none of it into a log', async () => {
      const engine = await lab.engine();
      const b = await lab.b(engine.url, { LOG_PATH: join(folder, 'b.jsonl') });
      const a = await lab.a(engine.url, b.url, { LOG_PATH: join(folder, 'a.jsonl') });
      const page = await browser.newPage();
      const elsewhere: string[] = [];
      page.on('request', (each) => void (each.url().startsWith(a.url) || elsewhere.push(each.url())));
      await page.goto(a.url);
      await page.locator('option', { hasText: 'chain' }).waitFor({ state: 'attached' });
      await say(page, 'Unmistakable question');
      await page.locator('.figures').waitFor();
      expect((await page.locator('.figures').allInnerTexts()).join()).toMatch(
        /simulated\s+a · tinyllama\S*\s+[\d.]+ s\s+b · phi3:mini\s+[\d.]+ s\s+first word\s+[\d.]+ s\s+in all/,
      );
      const [, answer = ''] = await bubbles(page);
      expect(answer.length).toBeGreaterThan(20);
      // A model of A's own engine, without the chain.
      await page.selectOption('select', { index: 1 });
      await say(page, 'Second question');
      await expect.poll(() => page.locator('.figures').count()).toBe(2);
      const list = await request(`${a.url}/v1/conversations`);
      expect(list.body.data).toMatchObject([{ title: 'Unmistakable question', turns: 2 }]);
      await page.reload();
      await expect
        .poll(async () => (await bubbles(page)).slice(0, 3))
        .toEqual(['Unmistakable question', answer, 'Second question']);
      expect(elsewhere).toEqual([]);
      await page.close();
      a.signal('SIGTERM');
      expect(await a.exited).toBe(0);
      const logs = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
      expect(logs.sort()).toEqual(['a.jsonl', 'b.jsonl']);
      for (const name of logs) expect(readFileSync(join(folder, name), 'utf8')).not.toContain('Unmistakable');
      expect(a.stderr() + b.stderr()).not.toContain('Unmistakable');
    });

    test('stop reaches the engine, and an answer is kept whose page was closed', async () => {
      const engine = await lab.engine(engineWithGenerationOf(4000, 4));
      const b = await lab.b(engine.url);
      const a = await lab.a(engine.url, b.url, { HISTORY_PATH: join(folder, 'closed.db') });
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(a.url);
      await page.locator('option', { hasText: 'chain' }).waitFor({ state: 'attached' });
      // The question for it is in flight itself.
      const working = async () => (await request(`${b.url}/health`)).body.in_flight;
      await say(page, 'To be stopped');
      await expect.poll(async () => (await bubbles(page))[1]).not.toMatch(/^Working/);
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await expect.poll(working).toBe(1);
      await say(page, 'To be closed');
      await expect.poll(async () => (await bubbles(page))[3] ?? 'Working').not.toMatch(/^Working/);
      await context.close();
      await expect.poll(working).toBe(1);
      const [{ id }] = (await request(`${a.url}/v1/conversations`)).body.data;
      await expect
        .poll(async () => (await request(`${a.url}/v1/conversations/${id}/turns`)).body.data)
        .toMatchObject([
          { question: 'To be stopped', state: 'stopped', answer: expect.stringMatching(/./) },
          { question: 'To be closed', state: 'stopped', answer: expect.stringMatching(/./) },
        ]);
    });

    test('files and paths are those of a fixed list, with the headers that they need; B has none', async () => {
      const engine = await lab.engine();
      const b = await lab.b(engine.url);
      const a = await lab.a(engine.url, b.url, { AUTH_TOKEN: 'a-token-of-24-characters' });
      for (const path of ['/', '/page.js', '/page.css', '/icon.svg', '/?x=1']) {
        const answer = await fetch(a.url + path);
        const etag = answer.headers.get('etag') ?? '';
        expect([path, answer.status]).toEqual([path, 200]);
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          'content-security-policy': expect.stringMatching(/^default-src 'self';.* frame-ancestors 'none'/),
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-cache',
          'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
        });
        const text = await answer.text();
        expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
        expect((await fetch(a.url + path, { headers: { 'if-none-match': `"x", W/${etag}` } })).status).toBe(304);
        const head = await fetch(a.url + path, { method: 'HEAD' });
        expect([head.status, Number(head.headers.get('content-length'))]).toEqual([200, Buffer.byteLength(text)]);
        expect(await request(a.url + path, { method: 'POST' })).toMatchObject({ status: 405 });
        expect((await fetch(b.url + path)).status).toBe(404);
      }
      expect(await (await fetch(a.url)).text()).not.toMatch(/<script(?! type="module" src)|<style|style=| on\w+=/);
      for (const path of [
        '/../package.json',
        '/%2e%2e/etc/passwd',
        '/page.js/',
        '//page.js',
        '/PAGE.JS',
        '/constructor',
      ]) {
        const { hostname, port } = new URL(a.url);
        const { request: ask } = await import('node:http');
        // As it stands: fetch would tidy it up.
        const status = await new Promise((resolve) =>
          ask({ hostname, port, path }, (answer) => resolve(answer.resume().statusCode)).end(),
        );
        expect([path, status]).toEqual([path, 404]);
      }
      for (const path of ['/v1/conversations', '/v1/conversations/12345678', '/v1/conversations/12345678/turns']) {
        expect(await request(a.url + path)).toMatchObject({
          status: 401,
          body: { error: { code: 'invalid_api_key' } },
        });
        expect(await request(b.url + path)).toMatchObject({ status: 404 });
      }
    });
  },
);
