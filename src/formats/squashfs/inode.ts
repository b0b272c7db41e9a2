/** Metadata of an inode of a file system. */
export interface Metadata {
  /** Permissions, setuid, setgid, sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Extended attributes by full name; values are arbitrary bytes. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/**
 * File system tree in memory. `Content` refers to the content of a file, which is stored elsewhere. Names have one
 * character per byte. An inode with several names is one object.
 */
export type Inode<Content> = DirectoryInode<Content> | LeafInode<Content>;

export interface DirectoryInode<Content> {
  readonly kind: 'directory';
  metadata: Metadata;
  readonly children: Map<string, Inode<Content>>;
}

export type LeafInode<Content> = { readonly metadata: Metadata } & (
  | { readonly kind: 'file'; content: Content }
  | { readonly kind: 'symbolic-link'; readonly target: string }
  | { readonly kind: 'character-device' | 'block-device'; readonly major: number; readonly minor: number }
  | { readonly kind: 'fifo' }
);

export const noXattrs: ReadonlyMap<string, Buffer> = new Map();

export function createDirectory<Content>(metadata: Metadata): DirectoryInode<Content> {
  return { kind: 'directory', metadata, children: new Map() };
}
