import { describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { layerBytes, padded } from '../layer-bytes.ts';
import { hostArchitecture } from '../oci-bytes.ts';
import { savedByDocker20 } from '../saved-image.ts';
import { convertMade } from './convert.ts';
import {
  plainLayer,
  inGzip,
  layout,
  inArchive,
  layered,
  ofBytes,
  ofLayer,
  end,
  sound,
} from './hostile-bytes.ts';

/** Returns a frame of uncompressed blocks, with the header of `zstd --long=31` (RFC 8878, section 3.1.1). */
function lookingFarBack(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 10_000) {
    const block = bytes.subarray(at, at + 10_000);
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (at + block.length === bytes.length ? 1 : 0), 0, 3);
    blocks.push(head, block);
  }
  return Buffer.concat([Buffer.from('28b52ffd00a8', 'hex'), ...blocks]);
}

describe('odd but valid input is converted', () => {
  const split = (bytes: Buffer, pack: (part: Buffer) => Buffer) => [
    pack(bytes.subarray(0, 7000)),
    pack(bytes.subarray(7000)),
  ];
  const unpadded = sound.subarray(0, 512 + 20_000);
  /** Writes the output of `docker save`, up to the last byte of its last file. */
  const inFile = (source: string, store: (saved: Buffer) => Buffer) => async (directory: string) => {
    const saved = savedByDocker20([sound], 'x:1');
    await writeFile(path.join(directory, 'image.tar'), store(saved.subarray(0, saved.lastIndexOf('{}') + 2)));
    return source;
  };
  const skippable = Buffer.concat([Buffer.from('502a4d1803000000', 'hex'), Buffer.from('abc')]);
  const cases: readonly (readonly [string, (directory: string) => Promise<string>])[] = [
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
    ['zstd that may look back 2 GiB', ofLayer({ plain: sound, stored: lookingFarBack(sound) })],
    ['a layer without padding', ofBytes(unpadded)],
    ['the same in gzip', ofLayer(inGzip(unpadded))],
    ['the same in zstd', ofLayer({ plain: unpadded, stored: zstdCompressSync(unpadded) })],
    ['an archive without padding', inFile('docker-archive:image.tar', (saved) => saved)],
    ['the same in gzip, as a whole', inFile('docker-archive:image.tar', gzipSync)],
    [
      'an archive of one zero record and then more, in zstd as a whole',
      inFile('docker-archive:image.tar', (saved) =>
        zstdCompressSync(Buffer.concat([padded(saved), Buffer.alloc(512), Buffer.from('more')])),
      ),
    ],
    ['a layer of no bytes', inArchive(layout([plainLayer(Buffer.alloc(0)), plainLayer(sound)]))],
    ['a layer of no entries', ofLayer(inGzip(end))],
    ['no layer', inArchive(layout([]))],
    [
      'no layer, as Docker writes it',
      async (directory) => {
        const config = { architecture: hostArchitecture, os: 'linux', rootfs: { type: 'layers' } };
        const archive = layerBytes([
          { name: 'config.json', data: JSON.stringify(config) },
          {
            name: 'manifest.json',
            data: JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: null }]),
          },
        ]);
        await writeFile(path.join(directory, 'image.tar'), archive);
        return 'docker-archive:image.tar';
      },
    ],
    [
      'a configuration that names no platform',
      inArchive(layout([plainLayer(sound)], { config: { architecture: undefined, os: null } })),
    ],
    [
      'labels without a value',
      inArchive(layout([plainLayer(sound)], { config: { config: { Labels: { none: null } } } })),
    ],
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
      '5,000 layers',
      inArchive(
        layout(
          Array.from({ length: 5000 }, (_none, at) =>
            plainLayer(layerBytes([{ name: `f${at}`, data: 'x' }])),
          ),
        ),
      ),
    ],
  ];
  test.each(cases)(
    '%s',
    async (_what, write) => {
      const outcome = await convertMade(temporaryDirectory(), write);
      expect(outcome).toEqual({
        exitCode: 0,
        messages: [],
        left: ['out.sif', 'out.sif.json'],
        outsideIsUntouched: true,
      });
    },
    120_000,
  );
});
