/** Type of an entry of a layer. */
export type EntryKind =
  'file' | 'directory' | 'symbolic-link' | 'hard-link' | 'character-device' | 'block-device' | 'fifo';

/** Range of a sparse file that is stored; the bytes between two ranges are zeros. */
export interface DataRun {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * One entry of a layer, as its headers describe it. Names have one character per byte: they are not decoded from
 * UTF-8.
 */
export interface TarEntry {
  readonly kind: EntryKind;
  /** Path as stored, not normalized. */
  readonly name: string;
  /** Target of a link. */
  readonly linkName: string;
  /** Permissions, setuid, setgid, sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Device numbers, for devices only. */
  readonly major: number;
  readonly minor: number;
  /** Extended attributes by full name, like `security.capability`; values are arbitrary bytes. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Length of a file's content. */
  readonly sizeBytes: number;
  /** Stored ranges of a sparse file, ascending. Undefined for other files, whose content is stored whole. */
  readonly runs?: readonly DataRun[];
}
