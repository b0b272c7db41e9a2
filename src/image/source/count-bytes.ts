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
 * The same for layers, as they are stored.
 *
 * @returns what is told of the pieces of one of them, by its place.
 */
export function countLayers(
  onProgress: ConversionWatch['onProgress'],
  stage: ConversionStage,
  message: string,
  layers: readonly { readonly sizeBytes: number }[],
): (index: number) => (bytes: number) => void {
  const whole = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const onBytes = countBytes(onProgress, stage, message, whole);
  return (index) => {
    const totalBytes = layers[index]?.sizeBytes ?? 0;
    let doneBytes = 0;
    return (bytes) => {
      doneBytes += bytes;
      onBytes(bytes, { number: index + 1, count: layers.length, doneBytes, totalBytes });
    };
  };
}
