import { HpcGatError } from '../../../support/errors.ts';
import { toPrintableBytes } from '../../../support/text/printable.ts';
import { aufsPrefix, type LayerEntry } from './layer-entry.ts';
import {
  createDirectory,
  noXattrs,
  type DirectoryInode,
  type Inode,
  type Metadata,
} from '../../../formats/squashfs/inode.ts';

/** Maximum number of symbolic links in one path, as in Linux. */
const maxLinks = 40;
/** Maximum depth of a path in Linux; links could lead deeper. */
const maxDepth = 2048;

/**
 * File system tree of an image, built layer by layer (OCI image-spec, layer.md). Nothing is looked up on this
 * machine: symbolic links are resolved inside the tree only.
 */
export class ImageTree<Content> {
  readonly root: DirectoryInode<Content>;

  /** @param rootMetadata metadata of the root, if no layer describes it. */
  constructor(rootMetadata: Metadata) {
    this.root = createDirectory(rootMetadata);
  }

  /**
   * Applies a layer on top of the previous ones.
   *
   * @param place label of the layer for messages.
   * @throws {HpcGatError} if an entry cannot be applied.
   */
  apply(entries: readonly LayerEntry<Content>[], place: string): void {
    // A whiteout refers to lower layers, wherever it is in its own layer.
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
      // A link keeps only an inode that a whiteout hid after the link was bound to it.
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

  /** Finds the inode at a path, without following a symbolic link there. */
  find(path: readonly string[]): Inode<Content> | undefined {
    const parent = this.#directoryAbove(path) ?? this.#walk(path.slice(0, -1));
    return parent?.children.get(path.at(-1) ?? '');
  }

  #hide({ change, path }: LayerEntry<Content>, explicit: ReadonlySet<string>): void {
    const target = change === 'opaque' ? path : path.slice(0, -1);
    // If this layer replaces a link by a directory, the lower directory behind the link is not affected.
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
    // The inode is looked up before its parents are created, one of which may replace a link's target.
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
        return createDirectory(entry.metadata);
      case 'leaf':
        return entry.inode;
      case 'hard-link':
        return this.#linked(entry.target, bound, entry.path, place);
    }
  }

  /** Returns the inode that is at the target now; later changes of that path do not affect the link. */
  #linked(
    target: readonly string[],
    bound: Inode<Content> | undefined,
    path: readonly string[],
    place: string,
  ): Inode<Content> {
    const inode = this.find(target) ?? bound;
    if (inode === undefined || inode.kind === 'directory') {
      const problem = inode === undefined ? 'does not exist' : 'is a directory';
      throw new HpcGatError(
        `${place} is damaged: ${toPrintable(path)} is a hard link to ${toPrintable(target)}, which ${problem}`,
      );
    }
    return inode;
  }

  /** Creates missing parent directories: owned by root, mode 0755, with the time of their first entry. */
  #parentOf(path: readonly string[], mtime: number, place: string): DirectoryInode<Content> {
    const parent =
      this.#directoryAbove(path) ??
      this.#walk(path.slice(0, -1), {
        make: () => createDirectory({ mode: 0o755, uid: 0, gid: 0, mtime, xattrs: noXattrs }),
      });
    if (parent === undefined) {
      throw new HpcGatError(
        `${place} is damaged: ${toPrintable(path)} is below a file, below a loop of links, or more than ${maxDepth} directories deep`,
      );
    }
    return parent;
  }

  /** Returns a path's parent if it is reached without symbolic links, like that of most entries. */
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
   * Finds the directory at a path; symbolic links are followed inside the tree. Returns undefined if there is none,
   * for a loop of links, and for too deep a path.
   *
   * @param make creates a missing directory.
   * @param follow returns whether a symbolic link at the `at`-th name of the path is followed.
   */
  #walk(
    path: readonly string[],
    {
      make,
      follow = () => true,
    }: { make?: () => DirectoryInode<Content>; follow?: (at: number) => boolean } = {},
  ): DirectoryInode<Content> | undefined {
    // The directories above the current one, for `..` in a link's target.
    const way: DirectoryInode<Content>[] = [];
    let here = this.root;
    // Missing names below the current directory: a following `..` removes the last one.
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

function toPrintable(path: readonly string[]): string {
  return `"${toPrintableBytes(`/${path.join('/')}`)}"`;
}
