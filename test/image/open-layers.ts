import { openImage } from '../../src/image/source/open-image.ts';
import { openSource } from '../../src/image/source/open-source.ts';
import type { LayeredImage } from '../../src/image/source/layers/layered-image.ts';
import type { ImageSource } from '../../src/image/source/source.ts';
import type { Context } from '../../src/support/context.ts';

/** Opens a source for reading its layers. */
export async function openLayers(source: ImageSource, context: Context): Promise<LayeredImage> {
  return openImage(await openSource(source, context), context);
}
