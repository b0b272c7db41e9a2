/** A SIF made byte by byte without code of src/, as input of the reader. */
export interface SifBytes {
  codecId?: number;
  level?: number;
  flags?: number;
  architecture?: string;
  headerArchitecture?: string;
  partitions?: number;
  partitionKind?: number;
  fileSystem?: number;
  /** Size in the superblock; the partition has 4096 bytes. */
  usedBytes?: bigint;
  blockLog?: number;
  content?: string;
}

const partitionStart = 36864;
const partitionBytes = 4096;

export function sifBytes(wanted: SifBytes = {}): Buffer {
  const { architecture = '02', partitions = 1, content = '' } = wanted;
  const file = Buffer.alloc(partitionStart + partitionBytes);
  file.write('#!/usr/bin/env run-singularity\n', 0);
  file.write('SIF_MAGIC\0', 32);
  file.write('01\0', 42);
  file.write(`${wanted.headerArchitecture ?? architecture}\0`, 45);
  file.writeBigInt64LE(48n, 88);
  file.writeBigInt64LE(4096n, 96);
  file.writeBigInt64LE(28080n, 104);
  for (let slot = 0; slot < partitions; slot += 1) {
    const at = 4096 + slot * 585;
    file.writeInt32LE(0x4004, at);
    file.writeUInt8(1, at + 4);
    file.writeUInt32LE(slot + 1, at + 5);
    file.writeBigInt64LE(BigInt(partitionStart), at + 17);
    file.writeBigInt64LE(BigInt(partitionBytes), at + 25);
    file.write('squashfs-1.img', at + 73);
    file.writeInt32LE(wanted.fileSystem ?? 1, at + 201);
    file.writeInt32LE(wanted.partitionKind ?? 2, at + 205);
    file.write(`${architecture}\0`, at + 209);
  }
  superblock(wanted).copy(file, partitionStart);
  file.write(content, partitionStart + 200);
  return file;
}

export function superblock(wanted: SifBytes = {}): Buffer {
  const { codecId = 6, level = 3, flags = 0x4c0, blockLog = 17, usedBytes = 4000n } = wanted;
  const bytes = Buffer.alloc(160);
  bytes.write('hsqs', 0);
  bytes.writeUInt32LE(7, 4);
  bytes.writeUInt32LE(2 ** blockLog, 12);
  bytes.writeUInt16LE(codecId, 20);
  bytes.writeUInt16LE(blockLog, 22);
  bytes.writeUInt16LE(flags, 24);
  bytes.writeUInt16LE(4, 28);
  bytes.writeBigUInt64LE(usedBytes, 40);
  bytes.writeUInt16LE(0x8004, 96);
  bytes.writeInt32LE(level, 98);
  return bytes;
}
