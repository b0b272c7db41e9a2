import { open } from 'node:fs/promises';
import { getErrorMessage, UsageError } from '../../support/errors.ts';
import { readAt } from '../../support/files/file-access.ts';
import { SifDataType, SifFileSystem, type SifDescriptor } from '../../formats/sif/descriptor.ts';
import { readSif, type Sif } from '../../formats/sif/read.ts';
import { squashfsMagic } from '../../formats/squashfs/read/superblock.ts';
import { readSifFacts } from '../make/verify.ts';

/** Contents of a file with file systems. */
export interface InspectedFile {
  readonly sizeBytes: number;
  /** Undefined for a squashfs without a SIF. */
  readonly sif: Sif | undefined;
  /** Squashfs file systems in the file. */
  readonly fileSystems: readonly ContainedFileSystem[];
}

/** Range of a file system in a file. */
export interface ContainedFileSystem {
  readonly start: number;
  readonly sizeBytes: number;
  /** Number of its object in a SIF. */
  readonly object: number | undefined;
}

/** @throws {InvalidSifError} for a file that is neither an intact SIF nor a squashfs. */
export async function inspectFile(file: string): Promise<InspectedFile> {
  const bare = await bareSquashfs(file);
  if (bare !== undefined) {
    return bare;
  }
  const sif = await readSif(file);
  await readSifFacts(file);
  return {
    sizeBytes: sif.sizeBytes,
    sif,
    fileSystems: sif.descriptors.filter(isSquashfs).map(({ id, offset, sizeBytes }) => ({
      start: offset,
      sizeBytes,
      object: id,
    })),
  };
}

export function isSquashfs({ type, partition }: SifDescriptor): boolean {
  return type === SifDataType.partition && partition?.fileSystem === SifFileSystem.squashfs;
}

/** Reads a squashfs without a SIF, like those of enroot; returns undefined for anything else. */
async function bareSquashfs(file: string): Promise<InspectedFile | undefined> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${getErrorMessage(error)}`, { cause: error });
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new UsageError(`${file} is not a file`);
    }
    const { size: sizeBytes } = stat;
    const start = await readAt(handle, 0, 4);
    return start.length === 4 && start.readUInt32LE(0) === squashfsMagic
      ? { sizeBytes, sif: undefined, fileSystems: [{ start: 0, sizeBytes, object: undefined }] }
      : undefined;
  } finally {
    await handle.close();
  }
}
