import { expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { versions } from 'node:process';
import { outputVersions } from '../../../src/image/convert/output-versions.ts';
import { parseCompression, type Compression } from '../../../src/formats/squashfs/compression.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { layerBytes } from '../layer-bytes.ts';
import { noise } from '../noise.ts';
import { configOf, OciBytes } from '../oci-bytes.ts';
import { archived, digestOf, namesIn, newPlace, sifOf } from './cache/conversion.ts';

const goldenFile = path.join(packageRoot, 'test', 'fixtures', 'output-digests.json');

/** SHA-256 of a SIF and of its layer's cache entry, by codec. */
interface Digests {
  readonly versions: { readonly sif: string; readonly layer: string; readonly zstd: string };
  readonly sif: Record<string, string>;
  readonly layer: Record<string, string>;
}

const layer = layerBytes([
  { name: 'directory/', type: '5', mode: 0o750, uid: 7, gid: 8, mtime: 1_700_000_000 },
  { name: 'directory/text', data: Buffer.alloc(300_000, 'text that compresses, ') },
  { name: 'directory/noise', data: noise(200_000), mode: 0o755 },
  { name: 'small', data: 'small', pax: { 'SCHILY.xattr.user.key': 'value' } },
  { name: 'holes', data: Buffer.alloc(400_000) },
  { name: 'symbolic-link', type: '2', link: 'small' },
  { name: 'hard-link', type: '1', link: 'small' },
  { name: 'device', type: '3', major: 1, minor: 3 },
  { name: 'fifo', type: '6' },
  { name: '.wh.removed' },
]);

async function convert(compression: string): Promise<{ sif: string; layer: string }> {
  const oci = new OciBytes();
  const config = { ...configOf([layer]), architecture: 'amd64' };
  const image = await archived(oci.add(oci.layered([layer], { config })).tar());
  const cache = newPlace();
  const sif = await sifOf(image, { compression: parseCompression(compression), cache });
  const [entry = ''] = await namesIn(cache);
  return { sif, layer: digestOf(await readFile(path.join(cache.directory, entry))) };
}

const compressions: Record<Compression['codec'], string> = { none: 'none', gzip: 'gzip:6', zstd: 'zstd:3' };

/** UPDATE_GOLDEN=1 records the digests of raised versions; digests of the same version are never replaced. */
test('an image converts to the bytes that are recorded for the output versions, with every codec', async () => {
  const golden = JSON.parse(await readFile(goldenFile, 'utf8')) as Digests;
  const found: Digests = { versions: { ...outputVersions, zstd: versions.zstd ?? '' }, sif: {}, layer: {} };
  for (const [codec, compression] of Object.entries(compressions)) {
    const digests = await convert(compression);
    for (const output of ['sif', 'layer'] as const) {
      found[output][codec] = digests[output];
      const isSameVersion =
        found.versions[output] === golden.versions[output] &&
        (codec !== 'zstd' || found.versions.zstd === golden.versions.zstd);
      if (isSameVersion && digests[output] !== (golden[output][codec] ?? digests[output])) {
        throw new Error(
          `the same image gives another ${output} with ${codec}: ` +
            `raise the output version "${output}" in src/image/convert/output-versions.ts`,
        );
      }
    }
  }
  if (process.env.UPDATE_GOLDEN === '1') {
    await writeFile(goldenFile, `${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  // After a version was raised (or that of zstd in Node): UPDATE_GOLDEN=1 npm run test:unit -- output-versions
  expect(found).toEqual(golden);
});
