import { hashBytes } from '../../../support/files/digest.ts';
import { FileThreads } from '../../../support/threads/file-threads.ts';
import type { Compression } from '../../../formats/squashfs/compression.ts';
import { convertImage } from '../native-engine.ts';
import type { LayeredImage } from '../../source/layers/layered-image.ts';
import { hostPlatform } from '../../source/platform.ts';
import { encodeExitProgram } from './exit-program.ts';

/** Path of the program in the probe image. */
export const probeProgram = '/probe';

const recordBytes = 512;

/**
 * Writes a SIF of some kilobytes whose only program exits successfully on this host.
 *
 * @returns false if there is no such program for this host.
 */
export async function writeProbeImage(
  output: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<boolean> {
  const platform = hostPlatform();
  const program = encodeExitProgram(platform.architecture);
  if (program === undefined) {
    return false;
  }
  const layer = tarOf(probeProgram.slice(1), program);
  const diffId = `sha256:${hashBytes(layer)}`;
  const image: LayeredImage = {
    place: 'the image to try',
    layerCount: 1,
    totalBytes: layer.length,
    layers: async function* () {
      const bytes = (async function* () {
        yield await Promise.resolve(layer);
      })();
      yield await Promise.resolve({
        name: diffId,
        sizeBytes: layer.length,
        bytes,
        check: () => Promise.resolve(),
        diffId: () => diffId,
      });
    },
    config: () => ({ ...platform, rootfs: { diff_ids: [diffId] } }),
  };
  const fileThreads = new FileThreads(1, signal);
  try {
    await convertImage(
      image,
      { bootstrap: 'hpc-gat', from: 'probe' },
      { output, compression, blockBytes: 128 * 1024, threads: 1 },
      { onProgress: () => undefined, onWarning: () => undefined, fileThreads, signal },
    );
  } finally {
    fileThreads.close();
  }
  return true;
}

/** Encodes a tar with one executable file (POSIX.1-1988, ustar). */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(recordBytes);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, 0);
  header.write(octal(0o755, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  // The checksum is computed with spaces in its place.
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  header.writeUInt8(0, 154);
  const padding = Buffer.alloc((recordBytes - (content.length % recordBytes)) % recordBytes);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * recordBytes)]);
}
