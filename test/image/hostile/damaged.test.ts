import { describe, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { OciBytes } from '../oci-bytes.ts';
import {
  plainLayer,
  inGzip,
  layout,
  inArchive,
  ofBytes,
  ofLayer,
  sound,
  expectRefused,
  type Case,
} from './hostile-bytes.ts';

const blobFile = (oci: OciBytes, bytes: Buffer) => {
  const [digest] = [...oci.blobs].find(([, blob]) => blob.equals(bytes)) ?? [''];
  return digest.replace(':', '/');
};

/** Writes a layout with one layer into the directory, and replaces the blob of that layer. */
const withBlob = (bytes: Buffer | undefined) => async (directory: string) => {
  const oci = layout([plainLayer(sound)]);
  const name = blobFile(oci, sound);
  if (bytes === undefined) {
    oci.blobs.delete(name.replace('/', ':'));
  } else {
    oci.blobs.set(name.replace('/', ':'), bytes);
  }
  return inArchive(oci)(directory);
};

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}

describe('a truncated or damaged image is rejected', () => {
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
      /cannot be read: Unknown frame descriptor/,
    ],
    [
      'gzip, by one bit of its checksum',
      ofLayer({
        ...gzip,
        stored: flipped(gzip.stored, gzip.stored.length - 6),
      }),
      /cannot be read: incorrect data check/,
    ],
    [
      'a blob with more behind it',
      withBlob(Buffer.concat([sound, Buffer.alloc(512)])),
      /has the digest sha256:\S+, not sha256:/,
    ],
    [
      'a blob of another length',
      withBlob(sound.subarray(0, sound.length - 512)),
      /has the digest sha256:\S+, not sha256:/,
    ],
    [
      'a blob with another byte',
      withBlob(Buffer.concat([sound.subarray(0, 600), Buffer.from('!'), sound.subarray(601)])),
      /has the digest sha256:\S+, not sha256:/,
    ],
    [
      'a blob without the padding that its digest counts',
      withBlob(sound.subarray(0, 512 + 20_000)),
      /has the digest sha256:\S+, not sha256:/,
    ],
    ['a blob that is not there', withBlob(undefined), /does not contain the blob sha256:/],
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
      /data follows its end mark at byte 512/,
    ],
    [
      'the archive itself',
      async (directory) => {
        const tar = layout([gzip]).tar();
        await writeFile(path.join(directory, 'image.tar'), tar.subarray(0, tar.length - 1536));
        return 'oci-archive:image.tar';
      },
      /image.tar is cut off: the entry at byte \d+ extends past the end of the file/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});
