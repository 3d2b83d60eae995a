import { expect, test } from 'vitest';
import type { Address, Call } from '../../../../templates/services/service-a/addresses/address.ts';
import { NotTaken } from '../../../../templates/services/service-a/addresses/ask.ts';
import { AddressPool, type PoolOptions } from '../../../../templates/services/service-a/addresses/pool.ts';

const A = 'http://127.0.0.1:1/invoke';
const B = 'http://127.0.0.1:2/invoke';

function poolOf(urls: readonly string[], options: Partial<PoolOptions> = {}): AddressPool {
  return new AddressPool({ urls, policy: 'round-robin', resolve: 'once', probeMs: 0, ...options });
}

const answer = async ({ url }: Address, call: Call) => {
  call.succeeded(performance.now());
  return url;
};
const unreached = async () => {
  throw new NotTaken('unreached', 'connect ECONNREFUSED');
};
const failure = async (_address: Address, call: Call) => {
  call.failed(performance.now());
  throw new Error('broken');
};

test('an address that was not reached, or refused, gives the request to the next one', async () => {
  const pool = poolOf([A, B]);
  for (const kind of ['unreached', 'refused'] as const) {
    const asked: string[] = [];
    const got = await pool.round('b', async (address, call) => {
      asked.push(address.url);
      if (asked.length === 1) throw new NotTaken(kind, 'no');
      return await answer(address, call);
    });
    expect(asked).toHaveLength(2);
    expect(got).toBe(asked[1]);
  }
  expect(pool.addresses.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
});

test('where none takes it, a refusal is the reason rather than an address that is down', async () => {
  const pool = poolOf([A, B]);
  const kinds = ['refused', 'unreached'] as const;
  let asked = 0;
  const failed = pool.round('b', async () => {
    throw new NotTaken(kinds[asked++] ?? 'unreached', 'no', 7);
  });
  await expect(failed).rejects.toMatchObject({ kind: 'refused', retryAfterSeconds: 7 });
});

test('what one address has begun is no other’s: every other failure is final', async () => {
  const pool = poolOf([A, B]);
  await expect(pool.round('b', failure)).rejects.toThrow('broken');
  expect(await pool.round('b', answer)).toBe(B);
});

test('all circuits open: 503 with the time until the next trial; a refusal opens none', async () => {
  const pool = poolOf([A, B]);
  for (let i = 0; i < 5; i++) await expect(pool.round('b', unreached)).rejects.toThrow('ECONNREFUSED');
  await expect(pool.round('b', answer)).rejects.toMatchObject({
    status: 503,
    message: 'overloaded: no address of step b is available',
    headers: { 'retry-after': '10' },
  });
  const busy = poolOf([A, B]);
  for (let i = 0; i < 20; i++) {
    await expect(busy.round('b', () => Promise.reject(new NotTaken('refused', 'full')))).rejects.toThrow('full');
  }
  expect(await busy.round('b', answer)).toMatch(/^http/);
});

test('a single address is asked whatever its circuit says', async () => {
  const pool = poolOf([A]);
  for (let i = 0; i < 9; i++) await expect(pool.round('b', failure)).rejects.toThrow('broken');
  expect(pool.addresses[0]?.circuit.closed).toBe(false);
  expect(await pool.round('b', answer)).toBe(A);
});

test('the addresses behind a name: those that stay keep what is known, those that go end what they have begun', async () => {
  let found = ['10.0.0.2', '10.0.0.1'];
  const pool = poolOf(['http://b-pods:8000/invoke'], { lookup: async () => found });
  expect(pool.addresses.map(({ url }) => url)).toEqual(['http://b-pods:8000/invoke']);
  await pool.refresh();
  expect(pool.addresses.map(({ url }) => url)).toEqual(['http://10.0.0.1:8000/invoke', 'http://10.0.0.2:8000/invoke']);
  const stays = pool.addresses[1];
  found = ['10.0.0.2', 'fd00::3'];
  await pool.refresh();
  expect(pool.addresses.map(({ url }) => url)).toEqual(['http://10.0.0.2:8000/invoke', 'http://[fd00::3]:8000/invoke']);
  expect(pool.addresses[0]).toBe(stays);
  found = [];
  await pool.refresh();
  expect(pool.addresses).toHaveLength(2);
  pool.close();
});

test('an address that does not exist keeps what was found before it', async () => {
  const pool = poolOf(['http://10.0.0.9:1/x'], { lookup: () => Promise.reject(new Error('ENOTFOUND')) });
  await pool.refresh();
  expect(pool.addresses.map(({ url }) => url)).toEqual(['http://10.0.0.9:1/x']);
});

test('the time to the first byte is a moving mean', async () => {
  const pool = poolOf([A]);
  const [address] = pool.addresses as [Address];
  for (const [begun, first] of [
    [0, 100],
    [0, 200],
  ] as const) {
    const call = address.begin(begun);
    call.firstByte(first);
    call.firstByte(9999);
    call.succeeded(first);
  }
  expect(address.latencyMs).toBe(120);
});
