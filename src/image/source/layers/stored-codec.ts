import { UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { detectCodec, type LayerCodec } from './inflate-layer.ts';

/** Compressions that are detected, but not supported. */
export type UnsupportedCodec = 'xz' | 'bzip2';

/** Number of first bytes that identify a compression. */
export const codecStartBytes = 10;

/**
 * Detects an unsupported compression by the first bytes: the .xz File Format, section 2.1.1.1; for bzip2 including
 * those of its first block, or of its end.
 */
export function detectUnsupportedCodec(start: Buffer): UnsupportedCodec | undefined {
  const magic = start.toString('hex', 0, codecStartBytes);
  if (magic.startsWith('fd377a585a00')) {
    return 'xz';
  }
  return /^425a683[1-9](314159265359|177245385090)$/.test(magic) ? 'bzip2' : undefined;
}

/**
 * Detects the compression of a layer by its first bytes.
 *
 * @param place label of the image, for messages.
 * @throws {UsageError} for an unsupported compression.
 */
export function detectLayerCodec(start: Buffer, layer: string, place: string): LayerCodec {
  const unsupported = detectUnsupportedCodec(start);
  if (unsupported !== undefined) {
    throw new UsageError(`${place}: its layer ${toPrintable(layer)} is compressed by ${unsupported}`, {
      fix: 'store its layers uncompressed, with gzip or with zstd: load the image with `docker load` and save it with `docker save`',
    });
  }
  return detectCodec(start);
}
