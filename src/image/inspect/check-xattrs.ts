import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readXattrSet } from '../../formats/squashfs/read/read-xattrs.ts';

/**
 * Reads every set of xattrs: names once in each, and no set inside another.
 *
 * @returns how many sets there are.
 */
export function checkXattrs({ area, xattrs }: SquashfsImage): number {
  if (xattrs === undefined) {
    return 0;
  }
  let end = 0;
  for (const number of xattrs.sets.keys()) {
    // Sets lie one behind the other; this also bounds what a file can make a reader do.
    const { pairs, from, to } = readXattrSet(area, xattrs, number);
    if (from < end) {
      throw area.broken(`xattr set ${number} lies in another`);
    }
    end = to;
    if (new Set(pairs.map(({ name }) => name)).size !== pairs.length) {
      throw area.broken(`xattr set ${number} has a name twice`);
    }
    const sizeBytes = pairs.reduce((sum, { name, value }) => sum + name.length + 1 + value.length, 0);
    if (xattrs.sets[number]?.sizeBytes !== sizeBytes) {
      throw area.broken(`xattr set ${number} has ${sizeBytes} bytes, not as many as it says`);
    }
  }
  if (end !== xattrs.pairs.bytes.length) {
    throw area.broken(`the last xattr set ends at ${end}, its table at ${xattrs.pairs.bytes.length}`);
  }
  return xattrs.sets.length;
}
