import { open } from 'node:fs/promises';
import { readPieces } from '../../../support/files/file-pieces.ts';
import type { FileSlice } from '../image-files.ts';

/** Yields the bytes of a part of a file; each chunk is valid until the next one is requested. */
export async function* readFileChunks({ file, dataOffset, sizeBytes }: FileSlice): AsyncGenerator<Buffer> {
  const handle = await open(file);
  try {
    yield* readPieces(handle, { start: dataOffset, length: sizeBytes });
  } finally {
    await handle.close();
  }
}
