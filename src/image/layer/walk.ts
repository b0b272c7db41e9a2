import type { DirectoryInode, LeafInode } from './inode.ts';

/** Every inode of a tree that is no directory, once, in the order of its first name. */
export function* leavesOf<Content>(root: DirectoryInode<Content>): Iterable<LeafInode<Content>> {
  const seen = new Set<LeafInode<Content>>();
  // Not by recursion: a hostile image may be deeper than the stack.
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const below: DirectoryInode<Content>[] = [];
    for (const name of [...directory.children.keys()].sort()) {
      const child = directory.children.get(name);
      if (child?.kind === 'directory') {
        below.push(child);
      } else if (child !== undefined && !seen.has(child)) {
        seen.add(child);
        yield child;
      }
    }
    pending.push(...below.reverse());
  }
}
