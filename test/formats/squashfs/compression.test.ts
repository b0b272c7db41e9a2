import { expect, test } from '@jest/globals';
import { formatCompression, parseCompression } from '../../../src/formats/squashfs/compression.ts';
import { UsageError } from '../../../src/support/errors.ts';

test.each([
  ['zstd:19', 'zstd:19'],
  ['gzip:6', 'gzip:6'],
  ['none', 'none'],
])('%s means %s', (text, meaning) => {
  expect(formatCompression(parseCompression(text))).toBe(meaning);
});

test.each([
  'auto',
  'zstd',
  'gzip',
  'zstd:0',
  'zstd:23',
  'gzip:10',
  'xz:6',
  'none:1',
  'gzip:-1',
  'zstd:3 -Xfoo',
  '',
])('%j is rejected', (text) => {
  expect(() => parseCompression(text)).toThrow(UsageError);
});
