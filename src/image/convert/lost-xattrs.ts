import { toPrintableBytes } from '../../support/text/printable.ts';
import type { LayerEntry } from './layer/layer-entry.ts';
import { noXattrs } from '../../formats/squashfs/inode.ts';
import { isStorableXattr } from '../../formats/squashfs/write/xattr-table.ts';

/** Maximum number of names in the message; an image with more usually has them from one system. */
const maxNamed = 3;

/**
 * Formats one line about the xattrs that squashfs cannot store, like those of ACLs. Every tool omits them, most
 * silently.
 *
 * @returns undefined if no entry has any.
 */
export function formatLostXattrs(layers: Iterable<readonly LayerEntry<unknown>[]>): string | undefined {
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
  return `squashfs cannot store ${list}: omitted from "${toPrintableBytes(first)}"${others}`;
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
