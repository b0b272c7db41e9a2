import type { ConversionProgress, ConversionStage, ConversionWatch } from '../../convert/engine.ts';

/** For what reads in pieces: told how many bytes a piece had, it reports how far the whole is. */
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
 * The same for layers, as they are stored and in the order in which they come; where nobody knows how many there are, for
 * all together alone.
 *
 * @returns `begin` is told of each before its pieces, and answers with what counts them whenever they come; `onBytes`
 * counts those of the layer that began last.
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
