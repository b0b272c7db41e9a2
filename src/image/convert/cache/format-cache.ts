import { alignColumns } from '../../../support/text/table.ts';
import { formatCount, formatBytes } from '../../../support/text/amounts.ts';
import type { CacheConfig } from './cache-config.ts';
import { sumSizes, type CacheContents, type CacheFile } from './list-cache.ts';

/** Number of hexadecimal digits that identify a layer, as in Docker's output. */
const shownDigits = 12;

/** Formats the output of `cache list`. */
export function formatCacheList(
  { directory, limitBytes }: CacheConfig,
  { entries, leftovers }: CacheContents,
): string[] {
  const rows = entries.map(({ digest, compression, blockSize, sizeBytes, usedAt }) => [
    digest.slice('sha256:'.length).slice(0, shownDigits),
    compression,
    blockSize,
    formatBytes(sizeBytes),
    usedAt.toISOString().slice(0, 16).replace('T', ' '),
  ]);
  const table =
    rows.length === 0 ? [] : alignColumns([['LAYER', 'CODEC', 'BLOCKS', 'SIZE', 'LAST USED (UTC)'], ...rows]);
  const left =
    leftovers.length === 0
      ? ''
      : `; ${formatCount(leftovers.length, 'file')} of killed processes, which prune removes`;
  return [
    ...table,
    `${directory}: ${formatCount(entries.length, 'layer')}, ${formatBytes(sumSizes(entries))} of ${formatBytes(limitBytes)}${left}`,
  ];
}

/** Formats the output of `cache prune`. */
export function formatPruned(
  { directory }: CacheConfig,
  going: readonly CacheFile[],
  dryRun: boolean,
): string {
  const verb = dryRun ? 'would go' : 'removed';
  return `${directory}: ${formatCount(going.length, 'file')} ${verb}, ${formatBytes(sumSizes(going))}`;
}
