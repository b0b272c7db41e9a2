import { readPosition, readText } from './bytes.ts';
import { architectureOf, type SifArchitecture } from './header.ts';

/** One object of a SIF (apptainer/sif, pkg/sif/descriptor.go): packed, little-endian. */
export interface SifDescriptor {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  /** Place in the file, bytes from its start. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Of a partition only. */
  readonly partition?: SifPartition;
}

export interface SifPartition {
  readonly fileSystem: number;
  readonly kind: number;
  readonly architecture: SifArchitecture | undefined;
}

export const descriptorSizeBytes = 585;

export const SifDataType = { partition: 0x4004 } as const;
export const SifFileSystem = { squashfs: 1 } as const;
export const SifPartitionKind = { primarySystem: 2 } as const;

const nameOffset = 73;
const nameBytes = 128;
const extraOffset = nameOffset + nameBytes;

/**
 * Undefined for an unused slot.
 *
 * @throws {InvalidSifError} for places and sizes that no file can have.
 */
export function parseDescriptor(bytes: Buffer, file: string): SifDescriptor | undefined {
  if (bytes.readUInt8(4) === 0) {
    return undefined;
  }
  const type = bytes.readInt32LE(0);
  const id = bytes.readUInt32LE(5);
  return {
    id,
    type,
    name: readText(bytes, nameOffset, nameBytes),
    offset: readPosition(bytes, 17, `place of object ${id}`, file),
    sizeBytes: readPosition(bytes, 25, `size of object ${id}`, file),
    ...(type === SifDataType.partition && {
      partition: {
        fileSystem: bytes.readInt32LE(extraOffset),
        kind: bytes.readInt32LE(extraOffset + 4),
        architecture: architectureOf(readText(bytes, extraOffset + 8, 3)),
      },
    }),
  };
}
