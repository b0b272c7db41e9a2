import type { DirectoryInode, Inode, LeafInode } from '../inode.ts';

/** Inode with the properties that the tables store in addition. */
export interface NumberedInode<Kind> {
  readonly inode: Kind;
  /** Number from 1 on; the inodes of one directory have consecutive numbers. */
  readonly number: number;
  /** Number of names that refer to the inode. */
  links: number;
}

export type NumberedLeaf<Content> = NumberedInode<LeafInode<Content>>;

export interface NumberedDirectory<Content> extends NumberedInode<DirectoryInode<Content>> {
  /** Number of the parent directory; for the root, one more than the highest number. */
  parent: number;
  /** Names in byte order, in which the kernel searches. */
  readonly names: { readonly name: string; readonly child: NumberedInode<Inode<Content>> }[];
}

/** Tree with numbered inodes. */
export interface NumberedTree<Content> {
  /** Directories, parents before children; the root is the first. */
  readonly directories: readonly NumberedDirectory<Content>[];
  /** Other inodes, each once, in the order of its first name. */
  readonly leaves: readonly NumberedLeaf<Content>[];
}

/** Numbers the inodes of a tree, and counts the names of each. */
export function numberInodes<Content>(root: DirectoryInode<Content>): NumberedTree<Content> {
  const directories: NumberedDirectory<Content>[] = [];
  const leaves = new Map<LeafInode<Content>, NumberedLeaf<Content>>();
  let inodes = 0;
  const directoryBelow = (parent: number, inode: DirectoryInode<Content>): NumberedDirectory<Content> => {
    inodes += 1;
    return { inode, number: inodes, links: 2, parent, names: [] };
  };
  const leafOf = (inode: LeafInode<Content>): NumberedLeaf<Content> => {
    let leaf = leaves.get(inode);
    if (leaf === undefined) {
      inodes += 1;
      leaf = { inode, number: inodes, links: 0 };
      leaves.set(inode, leaf);
    }
    leaf.links += 1;
    return leaf;
  };
  const top = directoryBelow(0, root);
  // The loop is not recursive, because a hostile image may be deeper than the stack.
  const pending = [top];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    directories.push(directory);
    const { inode, number, names } = directory;
    const below: NumberedDirectory<Content>[] = [];
    for (const name of [...inode.children.keys()].sort()) {
      const child = inode.children.get(name);
      if (child?.kind === 'directory') {
        const found = directoryBelow(number, child);
        below.push(found);
        names.push({ name, child: found });
      } else if (child !== undefined) {
        names.push({ name, child: leafOf(child) });
      }
    }
    directory.links += below.length;
    for (const found of below.reverse()) {
      pending.push(found);
    }
  }
  top.parent = inodes + 1;
  return { directories, leaves: [...leaves.values()] };
}
