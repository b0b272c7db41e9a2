import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readXattrSet } from '../../formats/squashfs/read/read-xattrs.ts';

/**
 * Checks that names are unique in each set of xattrs, and that sets do not overlap.
 *
 * @returns the number of sets.
 */
export function checkXattrs({ area, xattrs }: SquashfsImage): number {
  if (xattrs === undefined) {
    return 0;
  }
  let end = 0;
  for (const number of xattrs.sets.keys()) {
    // Sets are stored consecutively; this also bounds the work that a file can cause.
    const { pairs, from, to } = readXattrSet(area, xattrs, number);
    if (from < end) {
      throw area.broken(`xattr set ${number} overlaps another`);
    }
    end = to;
    if (new Set(pairs.map(({ name }) => name)).size !== pairs.length) {
      throw area.broken(`xattr set ${number} has the same name twice`);
    }
    const sizeBytes = pairs.reduce((sum, { name, value }) => sum + name.length + 1 + value.length, 0);
    if (xattrs.sets[number]?.sizeBytes !== sizeBytes) {
      throw area.broken(`xattr set ${number} has ${sizeBytes} bytes, which differs from its stored size`);
    }
  }
  if (end !== xattrs.pairs.bytes.length) {
    throw area.broken(`the last xattr set ends at ${end}, its table at ${xattrs.pairs.bytes.length}`);
  }
  return xattrs.sets.length;
}
