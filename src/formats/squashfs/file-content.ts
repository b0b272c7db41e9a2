import { plainData } from './layout.ts';

/** A data block or a fragment block, as it lies in the file system. */
export interface StoredBlock {
  /** Place in the file system, bytes; known once the block is written. */
  position: number;
  /** Length as stored; 0 for a hole, which takes no place. */
  storedBytes: number;
  /** Stored as it is, because compressing it gained nothing. */
  plain: boolean;
}

/** A hole, until something is stored in it. */
export function emptyBlock(): StoredBlock {
  return { position: 0, storedBytes: 0, plain: false };
}

/** The content of a file: whole blocks, or one place in a fragment block that small files share. */
export interface FileContent {
  readonly sizeBytes: number;
  readonly blocks: readonly StoredBlock[];
  readonly fragment?: { readonly block: StoredBlock; readonly offset: number };
  /**
   * CRC-32 of its first block that is no hole: contents of another sum, size or lengths of blocks differ, equal ones are to be
   * compared.
   */
  readonly checksum: number;
}

/** The word by which inodes and the fragment table tell how long a block is and whether it is compressed. */
export function sizeWord({ storedBytes, plain }: StoredBlock): number {
  return plain && storedBytes > 0 ? storedBytes | plainData : storedBytes;
}

/** The block that such a word tells of. */
export function fromSizeWord(word: number, position: number): StoredBlock {
  return { position, storedBytes: word & ~plainData, plain: (word & plainData) !== 0 };
}
