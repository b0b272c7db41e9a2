import { describe, test } from '@jest/globals';
import { headerBytes } from '../layer-bytes.ts';
import { layered, ofBytes, end, file, patched, longName, expectRefused, type Case } from './hostile-bytes.ts';

describe('entries that no file system could hold are rejected', () => {
  const cases: Case[] = [
    ['a NUL in a name', layered({ name: 'x', pax: { path: 'a\0b' } }), /"a\\0b" has a NUL/],
    [
      'a name of 256 bytes',
      layered({ name: 'x', pax: { path: `d/${'n'.repeat(256)}` } }),
      /name "nnn.* has 256 bytes/,
    ],
    [
      'a path of a megabyte',
      layered({ name: 'x', pax: { path: 'p/'.repeat(500_000) } }),
      /path "p\/p.*has 1000000 bytes/,
    ],
    [
      'a path of a megabyte by GNU',
      ofBytes(longName('L', 'p/'.repeat(500_000)), headerBytes({ name: 'x' }, 0), end),
      /has 1000000 bytes/,
    ],
    [
      'a link to a megabyte',
      layered({ name: 'l', type: '2', pax: { linkpath: 't/'.repeat(500_000) } }),
      /link's target "t\/t.*has 1000000 bytes/,
    ],
    ['a link to no name', layered({ name: 'l', type: '2' }), /"l" is a link without a target/],
    [
      'a file in place of the root',
      layered({ name: './', type: '0', pax: { path: '.' } }),
      /root directory a file/,
    ],
    [
      'a file in place of the root, by ..',
      layered({ name: 'a/../../..', data: 'x' }),
      /root directory a file/,
    ],
    [
      'a hard link to nothing',
      layered({ name: 'l', type: '1', link: '../precious' }),
      /hard link to "\/precious", which does not exist/,
    ],
    [
      'a hard link to itself',
      layered({ name: 'l', type: '1', link: 'l' }),
      /hard link to "\/l", which does not exist/,
    ],
    [
      'a hard link that leads to itself over others',
      layered({ name: 'a', type: '1', link: 'b' }, { name: 'b', type: '1', link: 'a' }),
      /hard link to "\/b", which does not exist/,
    ],
    ['a whiteout of nothing', layered({ name: 'd/.wh.' }), /\.wh\./],
    [
      'an owner of more than 32 bits',
      layered({ name: 'x', pax: { uid: '4294967296' } }),
      /impossible uid: 4294967296/,
    ],
    ['an owner of 2^63', layered({ name: 'x', pax: { gid: '9223372036854775808' } }), /gid/],
    [
      'an owner below 32 bits',
      ofBytes(patched({ name: 'x' }, 108, Buffer.from('ffffffff7fffffff', 'hex')), end),
      /impossible uid: -2147483649/,
    ],
    [
      'a hard link to a directory',
      layered({ name: 'd', type: '5' }, { name: 'l', type: '1', link: 'd' }),
      /is a directory/,
    ],
    [
      'a file below a loop of links',
      layered(
        { name: 'a', type: '2', link: 'b' },
        { name: 'b', type: '2', link: 'a' },
        { name: 'a/x', data: 'x' },
      ),
      /loop of links/,
    ],
    ['a file below a file', layered(file, { name: 'file/x' }), /is below a file/],
    [
      'a file below a link to nowhere outside',
      layered(
        { name: 'out', type: '2', link: '/../../precious' },
        { name: 'precious', data: 'x' },
        { name: 'out/x' },
      ),
      /below a file/,
    ],
    [
      'a device of huge numbers',
      ofBytes(patched({ name: 'd', type: '3' }, 329, '7777777\0'), end),
      /impossible major: 2097151/,
    ],
    [
      'a negative device number',
      ofBytes(patched({ name: 'd', type: '4' }, 337, Buffer.from('ffffffffffffffff', 'hex')), end),
      /impossible minor: -1/,
    ],
    [
      'an xattr with a long name',
      layered({ name: 'x', pax: { [`SCHILY.xattr.user.${'n'.repeat(300)}`]: '1' } }),
      /xattr that Linux does not support: "user.nnn/,
    ],
    [
      'an xattr of 100 kB',
      layered({ name: 'x', pax: { 'SCHILY.xattr.user.large': 'v'.repeat(100_000) } }),
      /xattr that Linux does not support/,
    ],
    [
      'directories 3,000 deep, by links',
      layered(
        { name: 'd', type: '5', pax: { path: 'd/'.repeat(1500) } },
        { name: 'l', type: '2', pax: { linkpath: 'd/'.repeat(1500) } },
        { name: 'd', type: '5', pax: { path: `l/${'d/'.repeat(1500)}` } },
      ),
      /more than 2048 directories deep/,
    ],
    [
      'a name that a terminal would obey',
      layered({ name: 'x', type: 'Z', pax: { path: '\u001b[2J\u009b1m\nhpc-gat: all is well\r\u202e' } }),
      /"\\x1b\[2J.*\\nhpc-gat: all is well\\r/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});
