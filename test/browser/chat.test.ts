import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bubbles, chatPages, focused, say } from './chat-page.ts';
import { executable, shotPath } from './chromium.ts';

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const FAILED = /Failed to load resource/;

describe.skipIf(executable === undefined)('the chat page in Chromium (skipped without the program chromium)', () => {
  const open = chatPages();

  test('is what the contract says, and streams an answer', async () => {
    const { page, server } = await open();
    expect(await page.title()).toBe('LLM');
    expect(await page.locator('h1').allInnerTexts()).toEqual(['ChatLLM']);
    expect(await page.locator('textarea').count()).toBe(1);
    expect(await page.locator('textarea').getAttribute('placeholder')).toBe('Type your message...');
    const send = page.getByRole('button', { name: 'Send', exact: true });
    expect(await send.count()).toBe(1);
    expect(await send.isDisabled()).toBe(true);
    await page.fill('textarea', '   \n ');
    expect(await send.isDisabled()).toBe(true);
    await page.fill('textarea', '  first line');
    expect(await send.isDisabled()).toBe(false);
    await page.press('textarea', 'Shift+Enter');
    await page.locator('textarea').pressSequentially('second line  ');
    await page.press('textarea', 'Enter');

    const chat = await server.next();
    expect(chat.body).toMatchObject({
      model: 'chain',
      stream: true,
      messages: [{ role: 'user', content: 'first line\nsecond line' }],
    });
    await expect.poll(() => bubbles(page)).toEqual(['first line\nsecond line', 'Working...']);
    expect(await send.isDisabled()).toBe(true);
    expect(await page.inputValue('textarea')).toBe('');
    // What is written while it waits stays, and Enter does not send it.
    await page.fill('textarea', 'next');
    await page.press('textarea', 'Enter');
    expect(await page.inputValue('textarea')).toBe('next');
    chat.say('One, ');
    await expect.poll(() => bubbles(page)).toEqual(['first line\nsecond line', 'One,']);
    chat.say('two');
    await expect.poll(async () => (await bubbles(page))[1]).toBe('One, two');
    expect(await page.locator('[aria-live="polite"]').textContent()).toBe('');
    chat.end();
    await expect.poll(() => page.locator('[aria-live="polite"]').textContent()).toBe('One, two');
    expect((await page.locator('.figures').allInnerTexts()).join()).toMatch(
      /simulated\s+a · tinyllama\s+0\.40 s\s+b · phi3:mini\s+1\.50 s/,
    );
    expect(await focused(page)).toBe('TEXTAREA');
    await page.press('textarea', 'Enter');
    expect((await server.next()).body.messages).toEqual([
      { role: 'user', content: 'first line\nsecond line' },
      { role: 'assistant', content: 'One, two' },
      { role: 'user', content: 'next' },
    ]);
  });

  test('stop ends the generation, and what had come is kept', async () => {
    const { page, server } = await open({ mayComplain: FAILED });
    await say(page, 'Count');
    const chat = await server.next();
    chat.say('One, two');
    await expect.poll(async () => (await bubbles(page))[1]).toBe('One, two');
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => chat.left).toBe(true);
    await expect.poll(() => page.locator('.remark').allInnerTexts()).toEqual(['Stopped.']);
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
    expect(await focused(page)).toBe('TEXTAREA');
    // Before the first word, too.
    await say(page, 'Again');
    await server.next();
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('Stopped before the first word.');
    await page.reload();
    await expect.poll(() => bubbles(page)).toEqual(['Count', 'One, two', 'Again', 'Stopped before the first word.']);
  });

  test('tells which step is at work, and of an answer without an end what is known', async () => {
    const { page, server } = await open({ mayComplain: FAILED });
    const figures = () => page.locator('.figures').allInnerTexts();
    await say(page, 'Count');
    const chat = await server.next();
    expect(chat.headers['x-chainctl-progress']).toBe('1');
    chat.step({ name: 'a' });
    await expect.poll(async () => (await bubbles(page))[1]).toMatch(/^Working\.\.\. step a(, \d+ s)?$/);
    chat.step({ name: 'a', seconds: 0.4, output_tokens: 20 });
    chat.step({ name: 'b' });
    await expect.poll(async () => (await bubbles(page))[1]).toMatch(/^Working\.\.\. step b/);
    await expect.poll(async () => (await bubbles(page))[1]).toMatch(/step b, [1-9]\d* s$/);
    chat.say('One, ');
    chat.say('two');
    await expect.poll(async () => (await bubbles(page))[1]).toBe('One, two');
    await page.getByRole('button', { name: 'Stop' }).click();
    const known = /^simulated\s+a\s+0\.40 s\s+first word\s+[\d.]+ s\s+in all\s+[\d.]+ s\s+tokens\s+about 2$/;
    await expect.poll(async () => (await figures()).join()).toMatch(known);
    await page.reload();
    await expect.poll(async () => (await figures()).join()).toMatch(known);
    await say(page, 'Once more');
    const failing = await server.next();
    failing.say('Half');
    failing.fail('gone');
    await expect.poll(async () => (await figures())[1]).toMatch(/^simulated\s+.*tokens\s+about 1$/s);
  });

  test('copies an answer and its code, and asks again what got no whole answer', async () => {
    const { page, server } = await open({
      browser: { permissions: ['clipboard-read', 'clipboard-write'] },
      mayComplain: FAILED,
    });
    const copied = async (name: string) => {
      await page.getByRole('button', { name }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Copied' }).first().waitFor();
      await page.getByRole('button', { name }).waitFor();
      return page.evaluate('navigator.clipboard.readText()');
    };
    const answer = 'This:\n```ts\nconst x = 1;\n\n```\nand **that**';
    await say(page, 'Code?');
    const chat = await server.next();
    chat.say(answer);
    chat.end();
    expect(await copied('Copy code')).toBe('const x = 1;\n');
    // As on a page that is neither secure nor of this machine.
    await page.evaluate("Object.defineProperty(navigator.clipboard, 'writeText', { value: undefined })");
    expect(await copied('Copy answer')).toBe(answer);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await say(page, 'More?');
    const failing = await server.next();
    failing.say('Half of ');
    failing.fail('gone');
    await page.getByRole('button', { name: 'Try again' }).click();
    const again = await server.next();
    expect(again.body.messages).toEqual([
      { role: 'user', content: 'Code?' },
      { role: 'assistant', content: answer },
      { role: 'user', content: 'More?' },
    ]);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    again.say('All');
    again.end();
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('All');
    expect(await focused(page)).toBe('TEXTAREA');
  });

  test('failures are bubbles, and the text so far stays', async () => {
    const { page, server } = await open({ mayComplain: FAILED });
    await say(page, 'refused');
    (await server.next()).refuse(502, 'ollama(A) error: no model');
    await expect.poll(() => bubbles(page)).toEqual(['refused', 'Error: ollama(A) error: no model']);
    await say(page, 'event');
    const failing = await server.next();
    failing.say('Half of ');
    failing.fail('remote(B) error: gone');
    await expect
      .poll(async () => (await bubbles(page)).slice(2))
      .toEqual(['event', 'Half of', 'Error: remote(B) error: gone']);
    await say(page, 'cut');
    const cut = await server.next();
    cut.say('Some');
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('Some');
    cut.cut();
    const broke = 'Error: the connection broke before the answer was complete';
    await expect.poll(async () => (await bubbles(page)).slice(5)).toEqual(['cut', 'Some', broke]);
    expect(await page.locator('.message.assistant.error').count()).toBe(3);
    await say(page, 'too large');
    (await server.next()).refuse(413, 'body is larger than 1048576 bytes');
    // Once more without the older half, which is told.
    const shorter = await server.next();
    expect(shorter.body.messages).toEqual([
      { role: 'user', content: 'cut' },
      { role: 'assistant', content: 'Some' },
      { role: 'user', content: 'too large' },
    ]);
    shorter.say('Fits');
    shorter.end('length');
    await expect
      .poll(() => page.locator('.remark').allInnerTexts())
      .toEqual([
        'Incomplete.',
        'Incomplete.',
        'Cut off: it is as long as an answer may be.',
        'The model was not told the 2 oldest messages.',
      ]);
    await page.reload();
    await expect
      .poll(async () => (await bubbles(page)).slice(2, 8))
      .toEqual([...['event', 'Half of', 'Error: remote(B) error: gone'], ...['cut', 'Some', broke]]);
  });

  test('asks for the token once, keeps it in the tab, and goes on', async () => {
    const { page, server } = await open({ token: 'a-token-of-24-characters', mayComplain: FAILED });
    const dialog = page.getByRole('dialog', { name: 'Token' });
    await dialog.getByText('a bearer token is required').waitFor();
    await page.keyboard.type('not-the-right-token');
    await page.keyboard.press('Enter');
    await dialog.getByText('the bearer token is wrong').waitFor();
    await page.fill('#token', 'a-token-of-24-characters');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.locator('option', { hasText: 'chain' }).waitFor({ state: 'attached' });
    await say(page, 'Hello');
    const chat = await server.next();
    expect(chat.headers.authorization).toBe('Bearer a-token-of-24-characters');
    chat.say('Hi');
    chat.end();
    await page.locator('.figures').waitFor();
    await page.reload();
    await expect.poll(() => bubbles(page)).toEqual(['Hello', 'Hi']);
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, '']);
    // Without one, what needs it says why.
    await page.evaluate('sessionStorage.clear()');
    await say(page, 'Again');
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('Error: a bearer token is required');
  });

  test('what a model writes is text, whatever it writes', async () => {
    const { page, server } = await open();
    await say(page, '<img src=x onerror=alert(1)>');
    const chat = await server.next();
    const evil = '<script>alert(1)</script> [x](javascript:alert(1)) <img src="//example.org/x">';
    chat.say(`${evil}\n\`\`\`html\n${evil}\n\`\`\`\nשלום עולם`);
    chat.end();
    await expect
      .poll(() => bubbles(page))
      .toEqual([
        '<img src=x onerror=alert(1)>',
        expect.stringContaining('<script>alert(1)</script> [x](javascript:alert(1))'),
      ]);
    expect(await page.locator('.message img, .message script, .message a').count()).toBe(0);
    expect(
      await page.evaluate("getComputedStyle([...document.querySelectorAll('.message.assistant p')].at(-1)).direction"),
    ).toBe('rtl');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 320]) {
      test(`is accessible and fits, ${colorScheme}, ${width} px`, async () => {
        const { page, server } = await open({
          browser: { colorScheme, reducedMotion: 'reduce', viewport: { width, height: 720 } },
          mayComplain: FAILED,
        });
        await say(page, `A long word: ${'W'.repeat(400)}`);
        const chat = await server.next();
        chat.say(
          `Inline \`${'code_'.repeat(60)}\` and:\n\n\`\`\`ts\nconst x = '${'y'.repeat(300)}';\n\`\`\`\n**${'z'.repeat(200)}**`,
        );
        chat.end();
        await page.locator('.figures').waitFor();
        await say(page, 'And a failure');
        const failing = await server.next();
        failing.say('Half');
        failing.fail(`ollama error: ${'e'.repeat(300)}`);
        await page.locator('.message.error').waitFor();
        await say(page, 'One that is being answered');
        await server.next();
        await page.locator('.working').waitFor();
        await page.screenshot({ path: await shotPath(`chat-${colorScheme}-${width}`) });
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
        expect(
          await page.evaluate(
            "(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)(document.querySelector('.log'))",
          ),
        ).toBe(0);
        const small = await page.evaluate(`[...document.querySelectorAll('button, select, textarea, summary, nav a')]
          .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44)
          .map((node) => node.outerHTML)`);
        expect(small).toEqual([]);
        expect(await page.evaluate("getComputedStyle(document.querySelector('.working')).animationName")).toBe('none');
        await page.evaluate(AXE);
        const violations = () =>
          page.evaluate(`axe.run().then(({ violations }) =>
            violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
        expect(await violations()).toEqual([]);
        if (width === 320) await page.getByRole('button', { name: 'History' }).click();
        await page.locator('nav .icon').first().click();
        expect(await violations()).toEqual([]);
      });
    }
  }
});
