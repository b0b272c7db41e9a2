import type { ConversionProgress, ConversionStage, ConversionWatch } from '../../convert/conversion-watch.ts';

/** Returns a function that receives the size of each piece read, and reports the total progress. */
export function countBytes(
  onProgress: ConversionWatch['onProgress'],
  stage: ConversionStage,
  message: string,
  totalBytes: number,
): (bytes: number, layer?: ConversionProgress['layer']) => void {
  let doneBytes = 0;
  return (bytes, layer) => {
    doneBytes += bytes;
    onProgress({ stage, message, doneBytes, totalBytes, ...(layer && { layer }) });
  };
}

/**
 * Counts bytes of layers as stored, in the order in which they arrive; if their number is unknown, only the total.
 *
 * @returns `begin` starts a layer and returns the counter of its bytes; `onBytes` counts bytes of the last layer that
 *   began.
 */
export function countLayers(
  onProgress: ConversionWatch['onProgress'],
  stage: ConversionStage,
  message: string,
  { layerCount, totalBytes }: { readonly layerCount?: number; readonly totalBytes: number },
): {
  readonly begin: (sizeBytes: number) => (bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
} {
  const count = countBytes(onProgress, stage, message, totalBytes);
  let begun = 0;
  let countLast: (bytes: number) => void = (bytes) => {
    count(bytes);
  };
  return {
    begin: (sizeBytes) => {
      begun += 1;
      let layer = { number: begun, count: layerCount ?? 0, doneBytes: 0, totalBytes: sizeBytes };
      countLast = (bytes) => {
        layer = { ...layer, doneBytes: layer.doneBytes + bytes };
        count(bytes, layerCount === undefined ? undefined : layer);
      };
      return countLast;
    },
    onBytes: (bytes) => {
      countLast(bytes);
    },
  };
}
