import { UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { codecByStart, type LayerCodec } from './inflate-layer.ts';

/** What bytes may be compressed by that are not inflated here. */
export type ForeignCodec = 'xz' | 'bzip2';

/** So many bytes tell by what something is compressed. */
export const codecStartBytes = 10;

/** By the first bytes: the .xz File Format, section 2.1.1.1; of bzip2 with those of its first block, or of its end. */
export function foreignCodec(start: Buffer): ForeignCodec | undefined {
  const magic = start.toString('hex', 0, codecStartBytes);
  if (magic.startsWith('fd377a585a00')) {
    return 'xz';
  }
  return /^425a683[1-9](314159265359|177245385090)$/.test(magic) ? 'bzip2' : undefined;
}

/**
 * How a layer is stored, by its first bytes.
 *
 * @param place the image, for messages.
 * @throws {UsageError} when it is in a form that is not inflated here.
 */
export function expectLayerCodec(start: Buffer, layer: string, place: string): LayerCodec {
  const foreign = foreignCodec(start);
  if (foreign !== undefined) {
    throw new UsageError(`${place}: its layer ${toPrintable(layer)} is compressed by ${foreign}`, {
      fix: 'store it with plain layers, with gzip or zstd: `docker load` reads these, and `docker save` writes such',
    });
  }
  return codecByStart(start);
}
