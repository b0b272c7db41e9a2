import { open } from 'node:fs/promises';
import { readAt } from '../../support/files/file-access.ts';
import {
  typeNames,
  fileSystemNames,
  partitionKindNames,
  type SifDescriptor,
} from '../../formats/sif/descriptor.ts';
import type { SifArchitecture } from '../../formats/sif/header.ts';
import {
  decodeSuperblock,
  superblockReadBytes,
  type SquashfsCodec,
} from '../../formats/squashfs/read/superblock.ts';
import { inspectFile } from './look-inside.ts';

/** Object of a SIF; for a squashfs without a SIF, the squashfs itself. */
export interface ListedObject {
  /** Number of the object; 0 for a squashfs without a SIF. */
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly partition?: { readonly kind: string; readonly architecture: SifArchitecture | undefined };
  readonly fileSystem?: ListedFileSystem;
}

export interface ListedFileSystem {
  readonly type: string;
  readonly codec?: SquashfsCodec;
  readonly level?: number | undefined;
  readonly blockSizeBytes?: number;
  readonly inodes?: number;
  readonly usedBytes?: number;
  readonly createdAt?: string;
}

/** @throws {InvalidSifError} for a file that is neither a SIF nor a squashfs. */
export async function listObjects(file: string): Promise<ListedObject[]> {
  const { sif, sizeBytes } = await inspectFile(file);
  if (sif === undefined) {
    const fileSystem = await squashfsFacts(file, 0, sizeBytes);
    return [{ id: 0, type: 'squashfs', name: '', offset: 0, sizeBytes, fileSystem }];
  }
  return await Promise.all(sif.descriptors.map((object) => listed(file, object)));
}

async function listed(file: string, object: SifDescriptor): Promise<ListedObject> {
  const { id, name, offset, sizeBytes, partition } = object;
  const type = typeNames[object.type] ?? `0x${object.type.toString(16)}`;
  if (partition === undefined) {
    return { id, type, name, offset, sizeBytes };
  }
  const fileSystem = fileSystemNames[partition.fileSystem] ?? String(partition.fileSystem);
  return {
    ...{ id, type, name, offset, sizeBytes },
    partition: {
      kind: partitionKindNames[partition.kind] ?? String(partition.kind),
      architecture: partition.architecture,
    },
    fileSystem:
      fileSystem === 'squashfs' ? await squashfsFacts(file, offset, sizeBytes) : { type: fileSystem },
  };
}

async function squashfsFacts(file: string, offset: number, sizeBytes: number): Promise<ListedFileSystem> {
  const handle = await open(file, 'r');
  try {
    const bytes = await readAt(handle, offset, Math.min(superblockReadBytes, sizeBytes));
    const { codec, level, blockSizeBytes, inodes, usedBytes, createdAt } = decodeSuperblock(bytes, file);
    return {
      type: 'squashfs',
      ...{ codec, level, blockSizeBytes, inodes, usedBytes },
      createdAt: new Date(createdAt * 1000).toISOString(),
    };
  } finally {
    await handle.close();
  }
}
