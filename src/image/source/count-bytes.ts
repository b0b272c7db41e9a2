import type { ConversionStage, ConversionWatch } from '../engine.ts';

/** For what reads in pieces: told how many bytes a piece had, it reports how far the whole is. */
export function countBytes(
  onProgress: ConversionWatch['onProgress'],
  stage: ConversionStage,
  message: string,
  totalBytes: number,
): (bytes: number) => void {
  let doneBytes = 0;
  return (bytes) => {
    doneBytes += bytes;
    onProgress({ stage, message, doneBytes, totalBytes });
  };
}
