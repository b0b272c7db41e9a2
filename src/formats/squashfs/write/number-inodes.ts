import type { DirectoryInode, Inode, LeafInode } from '../inode.ts';

/** An inode, and what the tables tell of it beside what it is. */
export interface NumberedInode<Kind> {
  readonly inode: Kind;
  /** From 1 on, those of one directory in a row. */
  readonly number: number;
  /** How many names lead to it. */
  links: number;
}

export type NumberedLeaf<Content> = NumberedInode<LeafInode<Content>>;

export interface NumberedDirectory<Content> extends NumberedInode<DirectoryInode<Content>> {
  /** Number of the directory above it; of the root, the one that no inode has. */
  parent: number;
  /** In the order of bytes, in which the kernel looks for a name. */
  readonly names: { readonly name: string; readonly child: NumberedInode<Inode<Content>> }[];
}

/** A tree as its tables need it. */
export interface NumberedTree<Content> {
  /** Parents before children; the root is the first. */
  readonly directories: readonly NumberedDirectory<Content>[];
  /** Every inode that is no directory, once, in the order of its first name. */
  readonly leaves: readonly NumberedLeaf<Content>[];
}

/** Numbers the inodes of a tree, and counts the names that lead to each. */
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
  // Not by recursion: a hostile image may be deeper than the stack.
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
