import { UsageError } from '../../support/errors.ts';

/** Compression of the data blocks of a SIF. The level is always explicit: no tool's default applies. */
export type Compression =
  | { readonly codec: 'zstd'; readonly level: number }
  | { readonly codec: 'gzip'; readonly level: number }
  | { readonly codec: 'none' };

/** A codec with levels: every one but `none`. */
export type CompressingCodec = Exclude<Compression['codec'], 'none'>;

/** Highest levels of the codecs: mksquashfs(1). */
const maxLevel = { zstd: 22, gzip: 9 } as const satisfies Record<CompressingCodec, number>;

/**
 * Parses `none`, `zstd:LEVEL` or `gzip:LEVEL`.
 *
 * @throws {UsageError} for anything else, including a codec without a level.
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
  throw new UsageError(`unknown compression "${text}"`, {
    fix: 'write auto, none, zstd:1 to zstd:22 or gzip:1 to gzip:9; zstd:3 is fast and small, gzip:6 works with every kernel',
  });
}

export function formatCompression(compression: Compression): string {
  return compression.codec === 'none' ? 'none' : `${compression.codec}:${compression.level}`;
}
