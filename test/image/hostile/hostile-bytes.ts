import { expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { hashBytes } from '../../../src/support/files/digest.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { headerBytes, layerBytes, padded, type EntryBytes } from '../layer-bytes.ts';
import { hostArchitecture, OciBytes } from '../oci-bytes.ts';
import { convertMade } from './convert.ts';

export interface StoredLayer {
  /** Digest in the configuration. */
  plain: Buffer;
  /** Bytes in the layout. */
  stored: Buffer;
}

export const plainLayer = (plain: Buffer): StoredLayer => ({ plain, stored: plain });
export const inGzip = (plain: Buffer, more = Buffer.alloc(0)): StoredLayer => ({
  plain,
  stored: Buffer.concat([gzipSync(plain, { level: 1 }), more]),
});

interface Descriptions {
  config?: object;
  diffIds?: string[];
}

/** Creates an OCI layout of these layers. */
export function layout(
  layers: readonly StoredLayer[],
  { config = {}, diffIds }: Descriptions = {},
): OciBytes {
  const oci = new OciBytes();
  const about = oci.blob(
    {
      architecture: hostArchitecture,
      os: 'linux',
      rootfs: {
        type: 'layers',
        diff_ids: diffIds ?? layers.map(({ plain }) => `sha256:${hashBytes(plain)}`),
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

export const inArchive = (oci: OciBytes) => async (directory: string) => {
  await writeFile(path.join(directory, 'image.tar'), oci.tar());
  return 'oci-archive:image.tar';
};

export const layered = (...entries: EntryBytes[]) => inArchive(layout([plainLayer(layerBytes(entries))]));
export const ofBytes = (...parts: Buffer[]) => inArchive(layout([plainLayer(Buffer.concat(parts))]));
export const ofLayer = (layer: StoredLayer) => inArchive(layout([layer]));

export const end = Buffer.alloc(1024);
export const file: EntryBytes = { name: 'file', data: randomBytes(20_000) };
export const sound = layerBytes([file]);

/** Replaces a field of a header, and corrects its checksum. */
export function patched(entry: EntryBytes, at: number, field: string | Buffer): Buffer {
  const header = headerBytes(entry, entry.sizeBytes ?? Buffer.from(entry.data ?? '').length);
  Buffer.from(field as string, 'latin1').copy(header, at);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

export const paxHeader = (text: string) =>
  Buffer.concat([headerBytes({ name: 'pax', type: 'x' }, text.length), padded(Buffer.from(text))]);

export const longName = (type: 'L' | 'K', name: string) =>
  Buffer.concat([
    headerBytes({ name: '././@LongLink', type }, name.length),
    padded(Buffer.from(name, 'latin1')),
  ]);

export type Case = readonly [what: string, write: (directory: string) => Promise<string>, expected: RegExp];

export async function expectRefused([, write, expected]: Case, flags: readonly string[] = []): Promise<void> {
  const outcome = await convertMade(temporaryDirectory(), write, flags);
  const [message = '', ...more] = outcome.messages;
  expect({ ...outcome, messages: message }).toEqual({
    exitCode: 1,
    messages: expect.stringMatching(expected),
    left: [],
    outsideIsUntouched: true,
  });
  expect(message).toMatch(/^hpc-gat: /);
  expect(message.length).toBeLessThan(700);
  expect(more.filter((line) => !line.startsWith('  fix: '))).toEqual([]);
  // eslint-disable-next-line no-control-regex -- characters that control a terminal.
  expect(outcome.messages.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
}
