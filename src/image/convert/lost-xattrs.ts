import { toPrintableBytes } from '../../support/text/printable.ts';
import type { LayerEntry } from './layer/layer-entry.ts';
import { noXattrs } from '../../formats/squashfs/inode.ts';
import { isStorableXattr } from '../../formats/squashfs/write/xattr-table.ts';

/** Named in one line; an image with more has them from one system. */
const maxNamed = 3;

/**
 * One line about the xattrs that squashfs has no room for, like those of ACLs: every tool leaves them out, most without a
 * word.
 *
 * @returns undefined where no entry has any.
 */
export function describeLostXattrs(layers: Iterable<readonly LayerEntry<unknown>[]>): string | undefined {
  const lost = new Set<string>();
  let entries = 0;
  let first = '';
  for (const layer of layers) {
    for (const entry of layer) {
      const xattrs = xattrsOf(entry);
      const names = xattrs.size === 0 ? [] : [...xattrs.keys()].filter((name) => !isStorableXattr(name));
      if (names.length > 0) {
        entries += 1;
        first ||= `/${entry.path.join('/')}`;
        names.forEach((name) => lost.add(name));
      }
    }
  }
  if (entries === 0) {
    return undefined;
  }
  const named = [...lost].slice(0, maxNamed).map(toPrintableBytes);
  const list = [...named, ...(lost.size > maxNamed ? [`${lost.size - maxNamed} others`] : [])].join(', ');
  const others = entries === 1 ? '' : ` and ${entries - 1} more`;
  return `squashfs has no room for ${list}: left out, of "${toPrintableBytes(first)}"${others}`;
}

function xattrsOf(entry: LayerEntry<unknown>): ReadonlyMap<string, Buffer> {
  switch (entry.change) {
    case 'directory':
      return entry.metadata.xattrs;
    case 'leaf':
      return entry.inode.metadata.xattrs;
    default:
      return noXattrs;
  }
}
