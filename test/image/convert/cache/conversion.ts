import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CacheConfig } from '../../../../src/image/convert/cache/cache-config.ts';
import { listCache } from '../../../../src/image/convert/cache/list-cache.ts';
import type { Compression } from '../../../../src/formats/squashfs/compression.ts';
import type { ConversionProgress } from '../../../../src/image/convert/conversion-watch.ts';
import { convertImage, type NativeOptions } from '../../../../src/image/convert/native-engine.ts';
import type { LayeredImage } from '../../../../src/image/source/layers/layered-image.ts';
import { parseSource } from '../../../../src/image/source/source.ts';
import { hashBytes } from '../../../../src/support/files/digest.ts';
import { FileThreads } from '../../../../src/support/threads/file-threads.ts';
import { testContext } from '../../../support/context.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { OciBytes } from '../../oci-bytes.ts';
import { openLayers } from '../../open-layers.ts';

export interface Wanted extends Partial<NativeOptions> {
  readonly compression?: Compression;
  readonly blockBytes?: number;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ConversionProgress) => void;
}

/**
 * Converts to a new file.
 *
 * @returns the digest of its bytes
 */
export async function sifOf(image: LayeredImage, wanted: Wanted = {}): Promise<string> {
  const {
    onWarning = () => undefined,
    onProgress = () => undefined,
    signal = new AbortController().signal,
    ...options
  } = wanted;
  const output = path.join(temporaryDirectory(), 'x.sif');
  const form = { compression: { codec: 'zstd', level: 3 } as const, blockBytes: 131_072, threads: 2 };
  const fileThreads = new FileThreads(form.threads, signal);
  try {
    await convertImage(
      image,
      { bootstrap: 'test', from: 'here' },
      { output, ...form, ...options },
      { onProgress, onWarning, fileThreads, signal },
    );
  } finally {
    fileThreads.close();
  }
  return digestOf(await readFile(output));
}

/** Writes an archive into a new directory, and opens it. */
export async function archived(archive: Buffer, kind = 'oci-archive'): Promise<LayeredImage> {
  const directory = temporaryDirectory();
  await writeFile(path.join(directory, 'image.tar'), archive);
  return await openLayers(parseSource(`${kind}:image.tar`, directory), testContext());
}

export function layout(
  layers: readonly Buffer[],
  store: (layer: Buffer) => Buffer = (layer) => layer,
): Buffer {
  const oci = new OciBytes();
  return oci.add(oci.layered(layers, { store })).tar();
}

export function newPlace(limitBytes = 2 ** 30): CacheConfig {
  return { directory: path.join(temporaryDirectory(), 'layers'), limitBytes };
}

/** Lists the names of the files in a cache. */
export async function namesIn({ directory }: CacheConfig): Promise<string[]> {
  const { entries } = await listCache(directory, new Date());
  return entries.map(({ file }) => path.basename(file)).sort();
}

export const digestOf = (bytes: Buffer) => `sha256:${hashBytes(bytes)}`;
