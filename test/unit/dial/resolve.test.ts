import { expect, test } from 'vitest';
import { interleaved } from '../../../src/services/dial/resolve.ts';

test('families take turns, beginning with that of the first address', () => {
  const of = (...addresses: string[]) =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  expect(interleaved(of('::1', '::2', '::3', '1.1.1.1'))).toEqual(of('::1', '1.1.1.1', '::2', '::3'));
  expect(interleaved(of('1.1.1.1', '2.2.2.2', '::1'))).toEqual(of('1.1.1.1', '::1', '2.2.2.2'));
  expect(interleaved([])).toEqual([]);
});
