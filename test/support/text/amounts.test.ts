import { expect, test } from '@jest/globals';
import { formatBytes } from '../../../src/support/text/amounts.ts';

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [1024 ** 2, '1.0 MiB'],
  // `cache.limit: 4G` means powers of 1024, and is printed as such by every verb.
  [4 * 1024 ** 3, '4.0 GiB'],
  [3000 * 1024 ** 4, '3000.0 TiB'],
])('%d bytes are formatted as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
