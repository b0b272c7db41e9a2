import { describe, test } from '@jest/globals';
import { headerBytes, padded, type EntryBytes } from '../layer-bytes.ts';
import {
  inGzip,
  layered,
  ofBytes,
  ofLayer,
  end,
  file,
  patched,
  paxHeader,
  expectRefused,
  type Case,
} from './hostile-bytes.ts';

describe('inconsistent headers are rejected', () => {
  const sparse = (map: string, size: string, data = 'abc'): EntryBytes => ({
    name: 's',
    data,
    pax: { 'GNU.sparse.map': map, 'GNU.sparse.size': size },
  });
  const mapInData = (text: string, claimed = 512) =>
    layered({
      name: 's',
      data: padded(Buffer.from(text)),
      sizeBytes: claimed,
      pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1000' },
    });
  const cases: Case[] = [
    [
      'a size of 2^63 in pax',
      layered({ name: 'x', pax: { size: '9223372036854775808' } }),
      /impossible size/,
    ],
    [
      'a size of 2^63 in base 256',
      ofBytes(patched(file, 124, Buffer.from('800000008000000000000000', 'hex')), end),
      /impossible size/,
    ],
    [
      'a negative size in base 256',
      ofBytes(patched(file, 124, Buffer.from('ffffffffffffffffffffffff', 'hex')), end),
      /impossible size/,
    ],
    ['a size that is no octal number', ofBytes(patched(file, 124, '99999999999\0'), end), /impossible size/],
    [
      'a mode that is no octal number',
      ofBytes(patched(file, 100, 'rwxr-x\0'), end),
      /mode that is not a number/,
    ],
    [
      'an owner that is no octal number',
      ofBytes(patched(file, 108, 'root\0\0\0\0'), end),
      /uid that is not a number/,
    ],
    [
      'a time that is no octal number',
      ofBytes(patched(file, 136, 'yesterday\0\0\0'), end),
      /mtime that is not a number/,
    ],
    ['a size larger than the layer', layered({ name: 'x', data: 'abc', sizeBytes: 4_000_000 }), /cut off/],
    [
      'a pax size larger than the layer',
      layered({ name: 'x', data: 'abc', pax: { size: '4000000' } }),
      /cut off/,
    ],
    [
      'a pax record that is shorter than its declared length',
      ofBytes(paxHeader('999 path=x\n'), headerBytes({ name: 'x' }, 0), end),
      /pax header before byte 1024 cannot be read/,
    ],
    [
      'a pax record that is longer than its declared length',
      ofBytes(paxHeader('5 path=x\n'), headerBytes({ name: 'x' }, 0), end),
      /cannot be read/,
    ],
    [
      'a pax record of length 0',
      ofBytes(paxHeader('0 path=x\n'), headerBytes({ name: 'x' }, 0), end),
      /cannot be read/,
    ],
    [
      'a pax record of negative length',
      ofBytes(paxHeader('-9 path=x\n'), headerBytes({ name: 'x' }, 0), end),
      /cannot be read/,
    ],
    [
      'a pax record without =',
      ofBytes(paxHeader('7 path\n'), headerBytes({ name: 'x' }, 0), end),
      /cannot be read/,
    ],
    [
      '20,000 pax records',
      ofBytes(
        paxHeader(
          Array.from({ length: 20_000 }, (_none, at) => `15 key${String(at).padStart(6, '0')}=1\n`).join(''),
        ),
        headerBytes({ name: 'x' }, 0),
        end,
      ),
      /cannot be read/,
    ],
    [
      'a GNU name of 2^33 bytes',
      ofBytes(patched({ name: 'x', type: 'L' }, 124, Buffer.from('800000000000000200000000', 'hex')), end),
      /claim 8589934592 bytes/,
    ],
    [
      'a GNU name of a negative length',
      ofBytes(patched({ name: 'x', type: 'L' }, 124, Buffer.from('ffffffffffffffffffffffff', 'hex')), end),
      /claim -1 bytes/,
    ],
    [
      'headers before headers without end',
      ofLayer(
        inGzip(Buffer.concat(Array.from({ length: 40_000 }, () => headerBytes({ name: 'x', type: 'x' }, 0)))),
      ),
      /headers of type x before an entry claim/,
    ],
    [
      'global headers without end',
      ofLayer(
        inGzip(
          Buffer.concat(
            Array.from({ length: 1200 }, (_none, at) =>
              Buffer.concat([
                headerBytes({ name: 'g', type: 'g' }, 1000),
                padded(Buffer.from(`1000 SCHILY.xattr.user.a${at}=${'v'.repeat(2000)}`.slice(0, 999) + '\n')),
              ]),
            ),
          ),
        ),
      ),
      /global pax headers have more than/,
    ],
    [
      'a sparse file of 2^63 bytes',
      layered(sparse('0,3', '9223372036854775808')),
      /map of the sparse file|impossible/,
    ],
    ['a time of 2^63', layered({ name: 'x', pax: { mtime: '9223372036854775808' } }), /mtime/],
    ['a sparse map that overlaps', layered(sparse('0,2,1,1', '9')), /map of the sparse file "s"/],
    ['a sparse map that overflows', layered(sparse('9007199254740991,3', '9')), /map of the sparse file/],
    ['a sparse map of negative numbers', layered(sparse('-5,3', '9')), /map of the sparse file/],
    ['a sparse map of fractions', layered(sparse('0,1.5,4,1.5', '9')), /map of the sparse file/],
    ['a sparse map of odd length', layered(sparse('0,3,5', '9')), /map of the sparse file/],
    ['a sparse file of negative size', layered(sparse('', '-5', '')), /map of the sparse file/],
    ['a sparse map of 10^9 entries', mapInData('1000000000\n0\n1\n'), /map of the sparse file/],
    ['a sparse map without a number', mapInData('1'.repeat(5000), 5120), /map of the sparse file/],
    ['a sparse map that ends early', mapInData('3\n0\n1\n'), /map of the sparse file|cut off/],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});
