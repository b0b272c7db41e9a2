/** What an entry of a layer is. */
export type EntryKind =
  'file' | 'directory' | 'symbolic-link' | 'hard-link' | 'character-device' | 'block-device' | 'fifo';

/** A run of bytes of a sparse file that are stored; between the runs are zeros. */
export interface DataRun {
  readonly offset: number;
  readonly bytes: number;
}

/** One entry of a layer, as its headers describe it. Names hold a byte in each character: they are not UTF-8. */
export interface TarEntry {
  readonly kind: EntryKind;
  /** As it stands there. */
  readonly name: string;
  /** Of a link, where it leads. */
  readonly linkName: string;
  /** Permissions, setuid, setgid, sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Of a device. */
  readonly major: number;
  readonly minor: number;
  /** By full name, like `security.capability`; values hold any bytes. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Length of a file's content. */
  readonly sizeBytes: number;
  /** Of a sparse file: what is stored, ascending. Undefined for others, whose content is stored whole. */
  readonly runs?: readonly DataRun[];
}
