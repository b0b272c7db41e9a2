import type { StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import { listEntries } from '../../formats/squashfs/read/listing.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';

/** Maximum number of symbolic links in one path, as in Linux (path_resolution(7)). */
const maxLinks = 40;

/** Inode that a path resolves to, and the directories on the way, including those behind symbolic links. */
export interface FoundPath {
  readonly inode: StoredInode;
  readonly directories: readonly { readonly path: string; readonly inode: StoredInode }[];
}

/** Finds a path; symbolic links are resolved inside the image, as in a process there. */
export function findPath(image: SquashfsImage, path: string): FoundPath | undefined {
  const { inodes, superblock } = image;
  const root = inodes.root(superblock.root);
  const directories: { path: string; inode: StoredInode }[] = [];
  let way: string[] = [];
  let above: StoredInode[] = [root];
  let names = path.split('/');
  for (let links = 0; names.length > 0;) {
    const [name = '', ...rest] = names;
    names = rest;
    const here = above.at(-1) ?? root;
    if (name === '' || name === '.') {
      continue;
    }
    if (name === '..') {
      above = above.length > 1 ? above.slice(0, -1) : above;
      way = way.slice(0, -1);
      continue;
    }
    const next = here.kind === 'directory' ? childOf(image, here, name) : undefined;
    directories.push({ path: `/${way.join('/')}`, inode: here });
    if (next?.kind !== 'symbolic-link') {
      if (next === undefined) {
        return undefined;
      }
      above = [...above, next];
      way = [...way, name];
      continue;
    }
    links += 1;
    if (links > maxLinks) {
      return undefined;
    }
    names = [...next.target.split('/'), ...names];
    if (next.target.startsWith('/')) {
      above = [root];
      way = [];
    }
  }
  return { inode: above.at(-1) ?? root, directories };
}

function childOf(
  { area, listings, inodes }: SquashfsImage,
  { directory, number }: StoredInode & { readonly kind: 'directory' },
  wanted: string,
): StoredInode | undefined {
  for (const entry of listEntries(area, listings, directory, `directory ${number}`)) {
    if (entry.name === wanted) {
      return inodes.inode(entry.number);
    }
  }
  return undefined;
}
