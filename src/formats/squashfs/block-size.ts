import { UsageError } from '../../support/errors.ts';

const kib = 1024;
const mib = 1024 * kib;

/**
 * Reads the size of a file system's blocks: `4K` to `1M`, or as a number of bytes.
 *
 * @throws {UsageError} for what is no power of two from 4 KiB to 1 MiB, the only sizes that squashfs has.
 */
export function parseBlockSize(text: string): number {
  const [, digits, unit] = /^(\d{1,7})(K|M)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * ({ K: kib, M: mib }[unit?.toUpperCase() ?? ''] ?? 1);
  if (bytes >= 4 * kib && bytes <= mib && Number.isInteger(Math.log2(bytes))) {
    return bytes;
  }
  throw new UsageError(`not a block size: ${text}`, {
    fix: 'write 4K, 8K, 16K, 32K, 64K, 128K, 256K, 512K or 1M',
  });
}

/** As {@link parseBlockSize} reads it. */
export function formatBlockSize(bytes: number): string {
  return bytes < mib ? `${bytes / kib}K` : `${bytes / mib}M`;
}
