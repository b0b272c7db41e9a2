import { HpcGatError } from '../../../support/errors.ts';
import { toPrintableBytes } from '../../../support/text/printable.ts';
import { aufsPrefix, type LayerEntry } from './layer-entry.ts';
import {
  emptyDirectory,
  noXattrs,
  type DirectoryInode,
  type Inode,
  type Metadata,
} from '../../../formats/squashfs/inode.ts';

/** As many symbolic links as Linux follows in one path. */
const maxLinks = 40;
/** As deep as one path of Linux can lead; links could lead on from there. */
const maxDepth = 2048;

/**
 * The tree of an image, layer upon layer (OCI image-spec, layer.md). Nothing is ever looked up on this machine: a
 * symbolic link leads inside the tree and nowhere else.
 */
export class ImageTree<Content> {
  readonly root: DirectoryInode<Content>;

  /** @param rootMetadata for when no layer describes the root. */
  constructor(rootMetadata: Metadata) {
    this.root = emptyDirectory(rootMetadata);
  }

  /**
   * Puts a layer on top of those before.
   *
   * @param place names the layer in messages.
   * @throws {HpcGatError} when an entry cannot be applied.
   */
  apply(entries: readonly LayerEntry<Content>[], place: string): void {
    // A whiteout is about the layers below, wherever it stands in its own.
    const hasWhiteouts = entries.some(({ change }) => change === 'whiteout' || change === 'opaque');
    const explicit = new Set(
      hasWhiteouts
        ? entries.flatMap((entry) => (entry.change === 'directory' ? [entry.path.join('/')] : []))
        : [],
    );
    const bound = new Map<LayerEntry<Content>, Inode<Content>>();
    for (const entry of entries) {
      if (entry.change === 'whiteout' || entry.change === 'opaque') {
        this.#hide(entry, explicit);
      } else if (entry.change === 'hard-link') {
        const inode = this.find(entry.target);
        if (inode !== undefined) {
          bound.set(entry, inode);
        }
      }
    }
    for (const [entry, inode] of bound) {
      // What a whiteout has hidden only after the link was bound to it, the link keeps.
      if (entry.change === 'hard-link' && this.find(entry.target) === inode) {
        bound.delete(entry);
      }
    }
    for (const entry of entries) {
      this.#put(entry, bound.get(entry), place);
    }
    for (const name of this.root.children.keys()) {
      if (name.startsWith(aufsPrefix)) {
        this.root.children.delete(name);
      }
    }
  }

  /** What stands at a path, a symbolic link there not followed. */
  find(path: readonly string[]): Inode<Content> | undefined {
    const parent = this.#directoryAbove(path) ?? this.#walk(path.slice(0, -1));
    return parent?.children.get(path.at(-1) ?? '');
  }

  #hide({ change, path }: LayerEntry<Content>, explicit: ReadonlySet<string>): void {
    const target = change === 'opaque' ? path : path.slice(0, -1);
    // A directory of this layer in the place of a link: the lower directory behind that link is not meant.
    const walk = this.#walk(target, {
      follow: (at) => !explicit.has(target.slice(0, at).join('/')),
    });
    if (walk === undefined) {
      return;
    }
    if (change === 'opaque') {
      walk.children.clear();
    } else {
      walk.children.delete(path.at(-1) ?? '');
    }
  }

  #put(entry: LayerEntry<Content>, bound: Inode<Content> | undefined, place: string): void {
    if (entry.change === 'whiteout' || entry.change === 'opaque') {
      return;
    }
    const { change, path } = entry;
    const name = path.at(-1);
    if (name === undefined) {
      if (change === 'directory') {
        this.root.metadata = entry.metadata;
        return;
      }
      throw new HpcGatError(`${place} is damaged: it replaces the root directory`);
    }
    // Before its parents are made, one of which may take the name of a link's target.
    const inode = this.#inodeOf(entry, bound, place);
    const parent = this.#parentOf(path, inode.metadata.mtime, place);
    const there = parent.children.get(name);
    if (inode.kind === 'directory' && there?.kind === 'directory') {
      there.metadata = inode.metadata;
    } else {
      parent.children.set(name, inode);
    }
  }

  #inodeOf(
    entry: LayerEntry<Content> & { change: 'directory' | 'leaf' | 'hard-link' },
    bound: Inode<Content> | undefined,
    place: string,
  ): Inode<Content> {
    switch (entry.change) {
      case 'directory':
        return emptyDirectory(entry.metadata);
      case 'leaf':
        return entry.inode;
      case 'hard-link':
        return this.#linked(entry.target, bound, entry.path, place);
    }
  }

  /** The inode that stands at the target now; what becomes of that path later is nothing to the link. */
  #linked(
    target: readonly string[],
    bound: Inode<Content> | undefined,
    path: readonly string[],
    place: string,
  ): Inode<Content> {
    const inode = this.find(target) ?? bound;
    if (inode === undefined || inode.kind === 'directory') {
      const problem = inode === undefined ? 'is not there' : 'is a directory';
      throw new HpcGatError(
        `${place} is damaged: ${printable(path)} is a hard link to ${printable(target)}, which ${problem}`,
      );
    }
    return inode;
  }

  /** Makes the directories that no entry describes: of root, 0755, as old as what is in them. */
  #parentOf(path: readonly string[], mtime: number, place: string): DirectoryInode<Content> {
    const parent =
      this.#directoryAbove(path) ??
      this.#walk(path.slice(0, -1), {
        make: () => emptyDirectory({ mode: 0o755, uid: 0, gid: 0, mtime, xattrs: noXattrs }),
      });
    if (parent === undefined) {
      throw new HpcGatError(
        `${place} is damaged: ${printable(path)} lies below what is no directory, below a link without end, or more than ${maxDepth} directories deep`,
      );
    }
    return parent;
  }

  /** Where a path's parent is reached by directories alone, as of most entries: that parent. */
  #directoryAbove(path: readonly string[]): DirectoryInode<Content> | undefined {
    let here = this.root;
    for (let at = 0; at < path.length - 1; at += 1) {
      const next = here.children.get(path[at] ?? '');
      if (next?.kind !== 'directory' || at >= maxDepth) {
        return undefined;
      }
      here = next;
    }
    return here;
  }

  /**
   * The directory at a path, symbolic links followed inside the tree; undefined when there is none, a circle of links,
   * or no end of directories.
   *
   * @param make for a directory that is not there.
   * @param follow whether a symbolic link that stands as the `createRootFilesystem`-th name of the path is followed.
   */
  #walk(
    path: readonly string[],
    {
      make,
      follow = () => true,
    }: { make?: () => DirectoryInode<Content>; follow?: (at: number) => boolean } = {},
  ): DirectoryInode<Content> | undefined {
    // The directories above the present one, which `..` in a link's target goes back to.
    const way: DirectoryInode<Content>[] = [];
    let here = this.root;
    // Names below it that are not there: a `..` behind them takes them back by the text.
    const missing: string[] = [];
    const pending: { name: string; at?: number }[] = path
      .map((name, index) => ({ name, at: index + 1 }))
      .reverse();
    let links = 0;
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      const { name, at } = step;
      if (name === '' || name === '.') {
        continue;
      }
      if (name === '..') {
        if (missing.pop() === undefined) {
          here = way.pop() ?? this.root;
        }
        continue;
      }
      const next = missing.length === 0 ? here.children.get(name) : undefined;
      if (next === undefined) {
        missing.push(name);
      } else if (next.kind === 'symbolic-link' && (at === undefined || follow(at))) {
        links += 1;
        if (links > maxLinks) {
          return undefined;
        }
        if (next.target.startsWith('/')) {
          way.length = 0;
          here = this.root;
        }
        pending.push(
          ...next.target
            .split('/')
            .map((part) => ({ name: part }))
            .reverse(),
        );
      } else if (next.kind === 'directory') {
        way.push(here);
        here = next;
      } else {
        return undefined;
      }
    }
    if (way.length + missing.length > maxDepth) {
      return undefined;
    }
    for (const name of missing) {
      const made = make?.();
      if (made === undefined) {
        return undefined;
      }
      here.children.set(name, made);
      here = made;
    }
    return here;
  }
}

function printable(path: readonly string[]): string {
  return `"${toPrintableBytes(`/${path.join('/')}`)}"`;
}
