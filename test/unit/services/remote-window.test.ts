import { expect, test } from 'vitest';
import { RemoteWindow } from '../../../templates/services/service-a/remote-window.ts';

function full(window: RemoteWindow): void {
  while (window.mayStart()) window.started();
}

test('lets as many begin as it is wide, and one more for each that ends', () => {
  const window = new RemoteWindow({ initial: 3, min: 1, max: 10 });
  full(window);
  expect(window.begun).toBe(3);
  window.ended();
  expect(window.mayStart()).toBe(true);
});

test('grows by one per success while it is in use and B has refused nothing, and not beyond its maximum', () => {
  const window = new RemoteWindow({ initial: 4, min: 1, max: 6 });
  window.accepted();
  expect(window.limit).toBe(4);
  for (let i = 0; i < 5; i++) {
    full(window);
    window.accepted();
  }
  expect(window.limit).toBe(6);
});

test('a refusal cuts a tenth, once a second however many come, then growth is by one per window', () => {
  const window = new RemoteWindow({ initial: 100, min: 1, max: 1000 });
  full(window);
  for (let i = 0; i < 20; i++) window.refused(5000 + i);
  expect(window.limit).toBe(90);
  window.refused(6100);
  expect(window.limit).toBe(81);
  for (let i = 0; i < 82; i++) window.accepted();
  expect(window.limit).toBe(82);
});

test('never falls below its minimum', () => {
  const window = new RemoteWindow({ initial: 2, min: 1, max: 10 });
  for (let i = 0; i < 20; i++) window.refused(i * 2000);
  expect(window.limit).toBe(1);
});

test('while a refused request is held nothing begins; a success wakes the one that waits longest', () => {
  const window = new RemoteWindow({ initial: 10, min: 1, max: 10 });
  const woken: string[] = [];
  const release = window.hold(() => {
    woken.push('first');
    release();
  });
  const releaseSecond = window.hold(() => woken.push('second'));
  expect(window.mayStart()).toBe(false);
  window.accepted();
  expect([woken, window.held]).toEqual([['first'], 1]);
  releaseSecond();
  expect(window.mayStart()).toBe(true);
});
