import { readPosition, readText } from './bytes.ts';
import { decodeArchitecture, encodeArchitecture, fixedTime, type SifArchitecture } from './header.ts';

/** One object of a SIF (apptainer/sif, pkg/sif/descriptor.go): packed, little-endian. */
export interface SifDescriptor {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  /** Offset in the file, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Size including the gap before the object. */
  readonly paddedBytes: number;
  /** Present for partitions only. */
  readonly partition?: SifPartition;
}

export interface SifPartition {
  readonly fileSystem: number;
  readonly kind: number;
  readonly architecture: SifArchitecture | undefined;
}

export const descriptorSizeBytes = 585;

export const SifDataType = { definition: 0x4001, partition: 0x4004, json: 0x4006 } as const;
export const SifFileSystem = { squashfs: 1 } as const;
export const SifPartitionKind = { primarySystem: 2 } as const;

/** Names of the types of objects, file systems and partitions (apptainer/sif, pkg/sif/sif.go). */
export const typeNames: Readonly<Record<number, string>> = {
  0x4001: 'definition',
  0x4002: 'environment',
  0x4003: 'labels',
  0x4004: 'partition',
  0x4005: 'signature',
  0x4006: 'json',
  0x4007: 'generic',
  0x4008: 'crypto message',
  0x4009: 'SBOM',
  0x400a: 'OCI root index',
  0x400b: 'OCI blob',
};
export const fileSystemNames: Readonly<Record<number, string>> = {
  1: 'squashfs',
  2: 'ext3',
  3: 'archive',
  4: 'raw',
  5: 'encrypted squashfs',
};
export const partitionKindNames: Readonly<Record<number, string>> = {
  1: 'system',
  2: 'primary system',
  3: 'data',
  4: 'overlay',
};

const nameOffset = 73;
const nameBytes = 128;
const extraOffset = nameOffset + nameBytes;

/**
 * Decodes a descriptor. Returns undefined for an unused slot.
 *
 * @throws {InvalidSifError} for offsets and sizes that no file can have.
 */
export function decodeDescriptor(bytes: Buffer, file: string): SifDescriptor | undefined {
  if (bytes.readUInt8(4) === 0) {
    return undefined;
  }
  const type = bytes.readInt32LE(0);
  const id = bytes.readUInt32LE(5);
  return {
    id,
    type,
    name: readText(bytes, nameOffset, nameBytes),
    offset: readPosition(bytes, 17, `offset of object ${id}`, file),
    sizeBytes: readPosition(bytes, 25, `size of object ${id}`, file),
    paddedBytes: readPosition(bytes, 33, `padded size of object ${id}`, file),
    ...(type === SifDataType.partition && {
      partition: {
        fileSystem: bytes.readInt32LE(extraOffset),
        kind: bytes.readInt32LE(extraOffset + 4),
        architecture: decodeArchitecture(readText(bytes, extraOffset + 8, 3)),
      },
    }),
  };
}

/** Object to be written. */
export interface SifObject {
  readonly type: number;
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Size including the gap before the object. */
  readonly paddedBytes: number;
  /** Architecture of the programs in the file system; present for the system partition only. */
  readonly architecture?: SifArchitecture;
}

/** Group of all objects. */
const group = 0xf0000001;

export function encodeDescriptor(object: SifObject, id: number): Buffer {
  const bytes = Buffer.alloc(descriptorSizeBytes);
  bytes.writeInt32LE(object.type, 0);
  bytes.writeUInt8(1, 4);
  bytes.writeUInt32LE(id, 5);
  bytes.writeUInt32LE(group, 9);
  const numbers = [object.offset, object.sizeBytes, object.paddedBytes, fixedTime, fixedTime, 0, 0];
  numbers.forEach((value, index) => bytes.writeBigInt64LE(BigInt(value), 17 + 8 * index));
  bytes.write(object.name, nameOffset, nameBytes - 1);
  if (object.architecture !== undefined) {
    bytes.writeInt32LE(SifFileSystem.squashfs, extraOffset);
    bytes.writeInt32LE(SifPartitionKind.primarySystem, extraOffset + 4);
    bytes.write(encodeArchitecture(object.architecture), extraOffset + 8);
  }
  return bytes;
}
