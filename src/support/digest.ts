import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Large enough that a file of gigabytes is not read in a million small steps. */
const chunkBytes = 1024 * 1024;

/** The SHA-256 of a file's content, 64 hexadecimal digits. */
export async function sha256OfFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(file, { highWaterMark: chunkBytes });
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

export function sha256OfBytes(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
