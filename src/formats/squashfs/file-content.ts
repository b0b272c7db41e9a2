import { uncompressedData } from './layout.ts';

/** Data block or fragment block as stored in the file system. */
export interface StoredBlock {
  /** Offset in the file system, in bytes; known once the block is written. */
  position: number;
  /** Length as stored; 0 for a hole, which takes no space. */
  storedBytes: number;
  /** True if the block is stored uncompressed, because compression did not shorten it. */
  isUncompressed: boolean;
}

/** Returns a hole, which becomes a block when something is stored in it. */
export function createHole(): StoredBlock {
  return { position: 0, storedBytes: 0, isUncompressed: false };
}

/** Content of a file: whole blocks, or a part of a fragment block that small files share. */
export interface FileContent {
  readonly sizeBytes: number;
  readonly blocks: readonly StoredBlock[];
  readonly fragment?: { readonly block: StoredBlock; readonly offset: number };
  /**
   * CRC-32 of the first block that is not a hole. Contents with different checksums, sizes or block lengths differ;
   * those with equal ones must be compared.
   */
  readonly checksum: number;
}

/** Encodes the length of a block and whether it is compressed, for inodes and the fragment table. */
export function encodeSizeWord({ storedBytes, isUncompressed }: StoredBlock): number {
  return isUncompressed && storedBytes > 0 ? storedBytes | uncompressedData : storedBytes;
}

/** Decodes a word of {@link encodeSizeWord}. */
export function decodeSizeWord(word: number, position: number): StoredBlock {
  return { position, storedBytes: word & ~uncompressedData, isUncompressed: (word & uncompressedData) !== 0 };
}
