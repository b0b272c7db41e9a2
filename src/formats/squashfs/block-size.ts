import { UsageError } from '../../support/errors.ts';

const kib = 1024;
const mib = 1024 * kib;

/**
 * Parses a block size of squashfs: `4K` to `1M`, or a number of bytes.
 *
 * @throws {UsageError} for anything but a power of two from 4 KiB to 1 MiB, the only sizes that squashfs supports.
 */
export function parseBlockSize(text: string): number {
  const [, digits, unit] = /^(\d{1,7})(K|M)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * ({ K: kib, M: mib }[unit?.toUpperCase() ?? ''] ?? 1);
  if (bytes >= 4 * kib && bytes <= mib && Number.isInteger(Math.log2(bytes))) {
    return bytes;
  }
  throw new UsageError(`unknown block size "${text}"`, {
    fix: 'write 4K, 8K, 16K, 32K, 64K, 128K, 256K, 512K or 1M',
  });
}

/** Formats a size as {@link parseBlockSize} parses it. */
export function formatBlockSize(bytes: number): string {
  return bytes < mib ? `${bytes / kib}K` : `${bytes / mib}M`;
}
