import { UsageError } from '../../support/errors.ts';

/** How the data blocks of a SIF are compressed. The level is always named: none is left to a tool's default. */
export type Compression =
  | { readonly codec: 'zstd'; readonly level: number }
  | { readonly codec: 'gzip'; readonly level: number }
  | { readonly codec: 'none' };

/** Levels that the codecs have: mksquashfs(1). */
const maxLevel = { zstd: 22, gzip: 9 } as const;

/**
 * Reads `none`, `zstd:LEVEL` or `gzip:LEVEL`.
 *
 * @throws {UsageError} for anything else, a codec without a level included.
 */
export function parseCompression(text: string): Compression {
  if (text === 'none') {
    return { codec: 'none' };
  }
  const [, codec, digits] = /^(zstd|gzip):(\d{1,2})$/.exec(text) ?? [];
  const level = Number(digits);
  if ((codec === 'zstd' || codec === 'gzip') && level >= 1 && level <= maxLevel[codec]) {
    return { codec, level };
  }
  throw new UsageError(`not a compression: ${text}`, {
    fix: 'write auto, none, zstd:1 to zstd:22 or gzip:1 to gzip:9; zstd:3 is quick and small, gzip:6 is read by every kernel',
  });
}

export function formatCompression(compression: Compression): string {
  return compression.codec === 'none' ? 'none' : `${compression.codec}:${compression.level}`;
}
