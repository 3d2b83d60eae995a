import { expect, test } from 'vitest';
import { Circuit } from '../../../../templates/services/service-a/addresses/circuit.ts';

function fail(circuit: Circuit, times: number, now = 0): void {
  for (let i = 0; i < times; i++) circuit.failed(circuit.begin(now), now);
}

function succeed(circuit: Circuit, now = 0): void {
  circuit.succeeded(circuit.begin(now), now);
}

test('opens after five failures in a row, and not before', () => {
  const circuit = new Circuit();
  fail(circuit, 4);
  succeed(circuit);
  fail(circuit, 4);
  expect(circuit.allows(0)).toBe(true);
  fail(circuit, 1);
  expect([circuit.closed, circuit.allows(0), circuit.waitMs(4000)]).toEqual([false, false, 6000]);
});

test('opens when half of the last 20 within 30 s failed, however they are spread', () => {
  const spread = (msApart: number) => {
    const circuit = new Circuit();
    for (let i = 0; i < 20; i++) {
      if (i % 2 === 0) succeed(circuit, i * msApart);
      else fail(circuit, 1, i * msApart);
    }
    return circuit.closed;
  };
  expect([spread(1000), spread(1600)]).toEqual([false, true]);
});

test('of 20 with nine failures stays closed', () => {
  const circuit = new Circuit();
  for (let i = 0; i < 60; i++) {
    if (i % 20 < 18 && i % 2 === 1) fail(circuit, 1);
    else succeed(circuit);
  }
  expect(circuit.closed).toBe(true);
});

test('after the pause one request may try; each failure of it doubles the pause, up to a minute', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  let now = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const pause = circuit.waitMs(now);
    pauses.push(pause);
    expect(circuit.allows(now + pause - 1)).toBe(false);
    now += pause;
    expect(circuit.allows(now)).toBe(true);
    const trial = circuit.begin(now);
    expect([trial, circuit.allows(now)]).toEqual(['trial', false]);
    circuit.failed(trial, now);
  }
  expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
});

test('a trial that succeeds closes it, with everything forgotten', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  circuit.failed(circuit.begin(10_000), 10_000);
  succeed(circuit, 30_000);
  fail(circuit, 4, 30_000);
  expect(circuit.closed).toBe(true);
  fail(circuit, 1, 30_000);
  expect(circuit.waitMs(30_000)).toBe(10_000);
});

test('a trial whose caller leaves proves nothing: the next request tries', () => {
  const circuit = new Circuit();
  fail(circuit, 5);
  circuit.abandoned(circuit.begin(10_000));
  expect([circuit.closed, circuit.allows(10_000)]).toEqual([false, true]);
});

test('what began before it opened changes nothing any more', () => {
  const circuit = new Circuit();
  const early = [circuit.begin(0), circuit.begin(0)] as const;
  fail(circuit, 5);
  circuit.failed(early[0], 5000);
  circuit.succeeded(early[1], 5000);
  expect(circuit.waitMs(5000)).toBe(5000);
});
