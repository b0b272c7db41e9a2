import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readPieces } from './file-pieces.ts';

/** Returns the SHA-256 of a file's content, 64 hexadecimal digits. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    for await (const piece of readPieces(handle)) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

export function hashBytes(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
