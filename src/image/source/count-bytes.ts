import type { ConversionProgress, ConversionStage, ConversionWatch } from '../engine.ts';

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
 * The same for layers, as they are stored and in the order in which they come.
 *
 * @returns `begin` is told of each before its pieces.
 */
export function countLayers(
  onProgress: ConversionWatch['onProgress'],
  stage: ConversionStage,
  message: string,
  { layerCount, totalBytes }: { readonly layerCount: number; readonly totalBytes: number },
): { readonly begin: (sizeBytes: number) => void; readonly onBytes: (bytes: number) => void } {
  const count = countBytes(onProgress, stage, message, totalBytes);
  let layer = { number: 0, count: layerCount, doneBytes: 0, totalBytes: 0 };
  return {
    begin: (sizeBytes) => {
      layer = { ...layer, number: layer.number + 1, doneBytes: 0, totalBytes: sizeBytes };
    },
    onBytes: (bytes) => {
      layer = { ...layer, doneBytes: layer.doneBytes + bytes };
      count(bytes, layer);
    },
  };
}
