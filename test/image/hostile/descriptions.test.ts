import { describe, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { layerBytes } from '../layer-bytes.ts';
import { hostArchitecture, OciBytes } from '../oci-bytes.ts';
import { expectRefused, inArchive, type Case } from './hostile-bytes.ts';

describe('invalid descriptions are rejected', () => {
  const index = (bytes: Buffer | string) => async (directory: string) => {
    await mkdir(path.join(directory, 'layout', 'blobs', 'sha256'), { recursive: true });
    await writeFile(path.join(directory, 'layout', 'index.json'), bytes);
    return 'oci:layout';
  };
  const archived = (manifest: unknown) => async (directory: string) => {
    const text = Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    await writeFile(path.join(directory, 'image.tar'), layerBytes([{ name: 'manifest.json', data: text }]));
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
    ['an index of 20 MB', index(Buffer.alloc(20_000_000, ' ')), /more than any description of an image/],
    ['an index of nothing', index(''), /not the index of an OCI image: Unexpected end of JSON input$/],
    [
      'an index with a digest of another kind',
      index('{"manifests":[{"digest":"sha512:0","size":1}]}'),
      /not the index of an OCI image: manifests\.0\.digest: not a SHA-256 digest$/,
    ],
    [
      'a page of the web',
      index('<html>\n\u001b[2J'),
      /not the index of an OCI image: Unexpected token '<', "<html>/,
    ],
    ['an index of other bytes', index(randomBytes(1000)), /not the index of an OCI image/],
    ['ten indexes in one another', inArchive(nested()), /nested in a loop/],
    [
      'a manifest of a million values',
      archived(`[${'{},'.repeat(1_000_000)}{}]`),
      /not valid output of `docker save`/,
    ],
    [
      'a manifest that leads out of the archive',
      archived([{ Config: '../../precious', RepoTags: [], Layers: [] }]),
      /contains no ..\/..\/precious/,
    ],
    [
      'a manifest with names for a terminal',
      archived([{ Config: '\u001b[2J\nx', RepoTags: [], Layers: [] }]),
      /contains no \\x1b\[2J\\nx/,
    ],
    [
      'a configuration that nests deep',
      withConfig(config(`"config":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)),
      /not the description of an image/,
    ],
    [
      'a NUL in the environment',
      withConfig(config('"config":{"Env":["A=b\\u0000c"]}')),
      /not the description of an image: config\.Env\.0: contains a NUL$/,
    ],
    [
      'a label that is a number, of a name for a terminal',
      withConfig(config('"config":{"Labels":{"\\u001b[2J":1}}')),
      /not the description of an image: config\.Labels\.\\x1b\[2J: expected string, received number$/,
    ],
    [
      'an architecture that is none',
      withConfig(config('"config":{}').replace(hostArchitecture, '\\u001b[1m')),
      /image for \\x1b\[1m, which the SIF format does not support/,
    ],
  ];
  test.each(cases)('%s', async (...one) => {
    await expectRefused(one);
  });
});
