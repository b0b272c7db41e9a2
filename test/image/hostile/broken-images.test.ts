import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256OfBytes } from '../../../src/support/digest.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { headerBytes, layerBytes, padded, type EntryBytes } from '../layer-bytes.ts';
import { hostArchitecture, OciBytes } from '../oci-bytes.ts';
import { convertMade } from './convert.ts';

interface StoredLayer {
  /** As the configuration has its digest. */
  plain: Buffer;
  /** As it lies in the layout. */
  stored: Buffer;
}

const plainLayer = (plain: Buffer): StoredLayer => ({ plain, stored: plain });
const inGzip = (plain: Buffer, more = Buffer.alloc(0)): StoredLayer => ({
  plain,
  stored: Buffer.concat([gzipSync(plain, { level: 1 }), more]),
});

interface Descriptions {
  config?: object;
  diffIds?: string[];
}

/** An OCI layout of these layers. */
function layout(layers: readonly StoredLayer[], { config = {}, diffIds }: Descriptions = {}): OciBytes {
  const oci = new OciBytes();
  const about = oci.blob(
    {
      architecture: hostArchitecture,
      os: 'linux',
      rootfs: {
        type: 'layers',
        diff_ids: diffIds ?? layers.map(({ plain }) => `sha256:${sha256OfBytes(plain)}`),
      },
      ...config,
    },
    'application/vnd.oci.image.config.v1+json',
  );
  const blobs = layers.map(({ stored }) => oci.blob(stored, 'application/vnd.oci.image.layer.v1.tar'));
  oci.add(
    oci.blob(
      { schemaVersion: 2, config: about, layers: blobs },
      'application/vnd.oci.image.manifest.v1+json',
    ),
  );
  return oci;
}

const inArchive = (oci: OciBytes) => async (folder: string) => {
  await writeFile(path.join(folder, 'image.tar'), oci.tar());
  return 'oci-archive:image.tar';
};

const layered = (...entries: EntryBytes[]) => inArchive(layout([plainLayer(layerBytes(entries))]));
const ofBytes = (...parts: Buffer[]) => inArchive(layout([plainLayer(Buffer.concat(parts))]));
const ofLayer = (layer: StoredLayer) => inArchive(layout([layer]));

const end = Buffer.alloc(1024);
const file: EntryBytes = { name: 'file', data: randomBytes(20_000) };
const sound = layerBytes([file]);

/** A header whose field is replaced, its checksum made right again. */
function patched(entry: EntryBytes, at: number, field: string | Buffer): Buffer {
  const header = headerBytes(entry, entry.sizeBytes ?? Buffer.from(entry.data ?? '').length);
  Buffer.from(field as string, 'latin1').copy(header, at);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

const paxHeader = (text: string) =>
  Buffer.concat([headerBytes({ name: 'pax', type: 'x' }, text.length), padded(Buffer.from(text))]);

const longName = (type: 'L' | 'K', name: string) =>
  Buffer.concat([
    headerBytes({ name: '././@LongLink', type }, name.length),
    padded(Buffer.from(name, 'latin1')),
  ]);

type Case = readonly [what: string, write: (folder: string) => Promise<string>, said: RegExp];

async function expectRefused([, write, said]: Case, flags: readonly string[] = []): Promise<void> {
  const outcome = await convertMade(temporaryFolder(), write, flags);
  const [message = '', ...more] = outcome.said;
  expect({ ...outcome, said: message }).toEqual({
    exitCode: 1,
    said: expect.stringMatching(said),
    left: [],
    outsideIsUntouched: true,
  });
  expect(message).toMatch(/^hpc-gat: /);
  expect(message.length).toBeLessThan(700);
  expect(more.filter((line) => !line.startsWith('  fix: '))).toEqual([]);
  // eslint-disable-next-line no-control-regex -- what a terminal would obey.
  expect(outcome.said.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
}

const blobFile = (oci: OciBytes, bytes: Buffer) => {
  const [digest] = [...oci.blobs].find(([, blob]) => blob.equals(bytes)) ?? [''];
  return digest.replace(':', '/');
};

/** A layout in a folder with one layer, whose blob is then replaced. */
const withBlob = (bytes: Buffer | undefined) => async (folder: string) => {
  const oci = layout([plainLayer(sound)]);
  const name = blobFile(oci, sound);
  if (bytes === undefined) {
    oci.blobs.delete(name.replace('/', ':'));
  } else {
    oci.blobs.set(name.replace('/', ':'), bytes);
  }
  return inArchive(oci)(folder);
};

describe('what is cut off or damaged is refused', () => {
  const gzip = inGzip(sound);
  const zstd = zstdCompressSync(sound);
  const cases: Case[] = [
    [
      'a layer in the middle of a file',
      ofBytes(sound.subarray(0, 5000)),
      /layer sha256:\S+ of .*cut off at byte 5000/,
    ],
    ['a layer in a header', ofBytes(sound.subarray(0, 100)), /header at byte 0 has a wrong checksum/],
    [
      'gzip',
      ofLayer({ ...gzip, stored: gzip.stored.subarray(0, 9000) }),
      /cannot be read: unexpected end of file/,
    ],
    [
      'gzip, in its second member',
      ofLayer({
        plain: sound,
        stored: Buffer.concat([
          gzipSync(sound.subarray(0, 512)),
          gzipSync(sound.subarray(512)).subarray(0, 800),
        ]),
      }),
      /unexpected end of file/,
    ],
    [
      'gzip, followed by something else',
      ofLayer(inGzip(sound, Buffer.from('something else'))),
      /cannot be read: incorrect header check/,
    ],
    [
      'zstd',
      ofLayer({ plain: sound, stored: zstd.subarray(0, 9000) }),
      /cannot be read: unexpected end of file/,
    ],
    [
      'zstd, in its second frame',
      ofLayer({
        plain: sound,
        stored: Buffer.concat([
          zstdCompressSync(sound.subarray(0, 512)),
          zstdCompressSync(sound.subarray(512)).subarray(0, 800),
        ]),
      }),
      /unexpected end of file/,
    ],
    [
      'zstd, followed by something else',
      ofLayer({ plain: sound, stored: Buffer.concat([zstd, Buffer.from('something else')]) }),
      /cannot be read: /,
    ],
    ['a blob of another length', withBlob(sound.subarray(0, sound.length - 512)), /digest|cut off/],
    [
      'a blob with another byte',
      withBlob(Buffer.concat([sound.subarray(0, 600), Buffer.from('!'), sound.subarray(601)])),
      /has the digest sha256:\S+, not sha256:/,
    ],
    ['a blob that is not there', withBlob(undefined), /holds no blob sha256:/],
    [
      'a layer of another diff_id',
      inArchive(layout([gzip], { diffIds: [`sha256:${'0'.repeat(64)}`] })),
      /has the digest sha256:\S+, not sha256:0000/,
    ],
    ['fewer diff_ids than layers', inArchive(layout([gzip], { diffIds: [] })), /1 layers, but digests of 0/],
    [
      'a header of a wrong checksum',
      ofBytes(Buffer.from(sound).fill('x', 100, 101)),
      /header at byte 0 has a wrong checksum/,
    ],
    [
      'one zero record and then more',
      ofBytes(Buffer.alloc(512), sound),
      /follows the mark of its end, at byte 512/,
    ],
    [
      'the archive itself',
      async (folder) => {
        const tar = layout([gzip]).tar();
        await writeFile(path.join(folder, 'image.tar'), tar.subarray(0, tar.length - 1536));
        return 'oci-archive:image.tar';
      },
      /cut off|no index.json|damaged/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});

describe('entries that no file system could hold are refused', () => {
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
    ['a link to no name', layered({ name: 'l', type: '2' }), /"l" is a link to no name/],
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
      /hard link to "\/precious", which is not there/,
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
      /link without end/,
    ],
    ['a file below a file', layered(file, { name: 'file/x' }), /lies below what is no directory/],
    [
      'a file below a link to nowhere outside',
      layered(
        { name: 'out', type: '2', link: '/../../precious' },
        { name: 'precious', data: 'x' },
        { name: 'out/x' },
      ),
      /no directory/,
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
      /xattr that Linux does not take: "user.nnn/,
    ],
    [
      'an xattr of 100 kB',
      layered({ name: 'x', pax: { 'SCHILY.xattr.user.large': 'v'.repeat(100_000) } }),
      /xattr that Linux does not take/,
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

describe('headers that lie are refused', () => {
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
      /mode that is no number/,
    ],
    [
      'an owner that is no octal number',
      ofBytes(patched(file, 108, 'root\0\0\0\0'), end),
      /uid that is no number/,
    ],
    [
      'a time that is no octal number',
      ofBytes(patched(file, 136, 'yesterday\0\0\0'), end),
      /mtime that is no number/,
    ],
    ['a size larger than the layer', layered({ name: 'x', data: 'abc', sizeBytes: 4_000_000 }), /cut off/],
    [
      'a pax size larger than the layer',
      layered({ name: 'x', data: 'abc', pax: { size: '4000000' } }),
      /cut off/,
    ],
    [
      'a pax record that is shorter than it says',
      ofBytes(paxHeader('999 path=x\n'), headerBytes({ name: 'x' }, 0), end),
      /pax header before byte 1024 cannot be read/,
    ],
    [
      'a pax record that is longer than it says',
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

describe('bombs end at a limit', () => {
  const zeros = (mebibytes: number) => Buffer.alloc(mebibytes * 2 ** 20);
  const cases: Case[] = [
    [
      'a file that unpacks to more than is allowed',
      ofLayer(inGzip(layerBytes([{ name: 'zeros', data: zeros(40) }]))),
      /at "zeros": the image unpacks to more than 0.03125 GiB/,
    ],
    [
      'the same behind the end of the layer',
      ofLayer(inGzip(Buffer.concat([sound, zeros(40)]))),
      /unpacks to more than/,
    ],
    [
      'many gzip members',
      ofLayer({
        plain: zeros(40),
        stored: Buffer.concat(Array.from({ length: 40 }, () => gzipSync(Buffer.concat([zeros(1)])))),
      }),
      /unpacks to more than/,
    ],
    [
      'a hole of a petabyte',
      layered({
        name: 'hole',
        data: '',
        pax: { 'GNU.sparse.map': '', 'GNU.sparse.size': '1000000000000000' },
      }),
      /at "hole": the image unpacks to more than/,
    ],
    [
      'a claim of 2^52 bytes',
      layered({ name: 'large', data: 'x', pax: { size: String(2 ** 52) } }),
      /at "large": the image unpacks to more than/,
    ],
    [
      'two layers of half as much',
      inArchive(
        layout([
          inGzip(layerBytes([{ name: 'a', data: zeros(20) }])),
          inGzip(layerBytes([{ name: 'b', data: zeros(20) }])),
        ]),
      ),
      /at "b": the image unpacks to more than/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one, ['--max-size', '32M']);
  });
});

describe('descriptions that are none are refused', () => {
  const index = (bytes: Buffer | string) => async (folder: string) => {
    await mkdir(path.join(folder, 'layout', 'blobs', 'sha256'), { recursive: true });
    await writeFile(path.join(folder, 'layout', 'index.json'), bytes);
    return 'oci:layout';
  };
  const archived = (manifest: unknown) => async (folder: string) => {
    const text = Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    await writeFile(path.join(folder, 'image.tar'), layerBytes([{ name: 'manifest.json', data: text }]));
    return 'docker-archive:image.tar';
  };
  const withConfig = (text: string) => {
    const oci = new OciBytes();
    const config = oci.blob(text, 'application/vnd.oci.image.config.v1+json');
    oci.add(oci.blob({ schemaVersion: 2, config, layers: [] }, 'application/vnd.oci.image.manifest.v1+json'));
    return inArchive(oci);
  };
  const config = (more: string) =>
    `{"architecture":"${hostArchitecture}","os":"linux","rootfs":{"diff_ids":[]},${more}}`;
  const nested = (): OciBytes => {
    const oci = new OciBytes();
    let inner = oci.image();
    for (let depth = 0; depth < 10; depth += 1) {
      inner = oci.index([inner]);
    }
    return oci.add(inner);
  };
  const cases: Case[] = [
    [
      'an index of a million values',
      index(`{"manifests":[${'0,'.repeat(1_000_000)}0]}`),
      /not the index of an OCI image/,
    ],
    ['an index that nests a million deep', index('['.repeat(1_000_000)), /not the index of an OCI image/],
    ['an index of 20 MB', index(Buffer.alloc(20_000_000, ' ')), /no description of an image/],
    ['an index of nothing', index(''), /not the index of an OCI image/],
    ['an index of other bytes', index(randomBytes(1000)), /not the index of an OCI image/],
    ['ten indexes in one another', inArchive(nested()), /lead to one another without end/],
    [
      'a manifest of a million values',
      archived(`[${'{},'.repeat(1_000_000)}{}]`),
      /not what `docker save` writes/,
    ],
    [
      'a manifest that leads out of the archive',
      archived([{ Config: '../../precious', RepoTags: [], Layers: [] }]),
      /holds no ..\/..\/precious/,
    ],
    [
      'a manifest with names for a terminal',
      archived([{ Config: '\u001b[2J\nx', RepoTags: [], Layers: [] }]),
      /holds no \\x1b\[2J\\nx/,
    ],
    [
      'a configuration that nests deep',
      withConfig(config(`"config":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)),
      /not the description of an image/,
    ],
    [
      'a NUL in the environment',
      withConfig(config('"config":{"Env":["A=b\\u0000c"]}')),
      /not the description of an image/,
    ],
    [
      'an architecture that is none',
      withConfig(config('"config":{}').replace(hostArchitecture, '\\u001b[1m')),
      /image for \\x1b\[1m, which no SIF can name/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});

describe('what is odd but sound is converted', () => {
  const split = (bytes: Buffer, pack: (part: Buffer) => Buffer) => [
    pack(bytes.subarray(0, 7000)),
    pack(bytes.subarray(7000)),
  ];
  const skippable = Buffer.concat([Buffer.from('502a4d1803000000', 'hex'), Buffer.from('abc')]);
  const cases: readonly (readonly [string, (folder: string) => Promise<string>])[] = [
    [
      'several gzip members',
      ofLayer({ plain: sound, stored: Buffer.concat(split(sound, (part) => gzipSync(part))) }),
    ],
    ['zeros behind gzip', ofLayer(inGzip(sound, Buffer.alloc(3_000_000)))],
    [
      'several zstd frames, with others that are to be skipped',
      ofLayer({
        plain: sound,
        stored: Buffer.concat([
          skippable,
          ...split(sound, zstdCompressSync).flatMap((frame) => [frame, skippable]),
        ]),
      }),
    ],
    ['a layer of no bytes', inArchive(layout([plainLayer(Buffer.alloc(0)), plainLayer(sound)]))],
    ['a layer of no entries', ofLayer(inGzip(end))],
    ['no layer', inArchive(layout([]))],
    [
      'names that lead outside, and stay inside',
      layered(
        { name: '/absolute', data: 'x' },
        { name: '../../precious', data: 'x' },
        { name: 'out', type: '2', link: '../../..' },
        { name: 'out/precious', data: 'x' },
        { name: '/proc/self/cwd', type: '2', link: '/' },
        { name: 'nowhere', type: '2', link: '/does/not/exist' },
        { name: 'self', type: '2', link: 'self' },
      ),
    ],
    [
      'names of any bytes',
      layered(
        { name: 'new\nline\u001b[2J', data: 'x' },
        { name: '\xff\xfe', data: 'y' },
        { name: ' ', data: 'z' },
      ),
    ],
    [
      'times before 1970 and after 2106',
      layered(
        { name: 'old', pax: { mtime: '-1000000000.5' } },
        { name: 'far', pax: { mtime: '99999999999' } },
      ),
    ],
    [
      'a date that no superblock holds',
      inArchive(layout([plainLayer(sound)], { config: { created: '+275760-09-13T00:00:00Z' } })),
    ],
    [
      '200 layers',
      inArchive(
        layout(
          Array.from({ length: 200 }, (_none, at) => plainLayer(layerBytes([{ name: `f${at}`, data: 'x' }]))),
        ),
      ),
    ],
  ];
  test.each(cases)('%s', async (_what, write) => {
    const outcome = await convertMade(temporaryFolder(), write);
    expect(outcome).toEqual({
      exitCode: 0,
      said: [],
      left: ['out.sif', 'out.sif.json'],
      outsideIsUntouched: true,
    });
  });
});
