import { open } from 'node:fs/promises';
import { getErrorMessage, UsageError } from '../../support/errors.ts';
import { readAt } from '../../support/files/file-access.ts';
import { SifDataType, SifFileSystem, type SifDescriptor } from '../../formats/sif/descriptor.ts';
import { readSif, type Sif } from '../../formats/sif/read.ts';
import { squashfsMagic } from '../../formats/squashfs/read/superblock.ts';
import { readSifFacts } from '../make/verify.ts';

/** A file that holds file systems. */
export interface Inside {
  readonly sizeBytes: number;
  /** Undefined for a squashfs that is in no SIF. */
  readonly sif: Sif | undefined;
  /** The squashfs in it. */
  readonly fileSystems: readonly Contained[];
}

/** Where a file system may lie in a file. */
export interface Contained {
  readonly start: number;
  readonly sizeBytes: number;
  /** Number of its object in a SIF. */
  readonly object: number | undefined;
}

/** @throws {InvalidSifError} for a file that is neither a sound SIF nor a squashfs. */
export async function lookInside(file: string): Promise<Inside> {
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

/** A squashfs as it is, like those of enroot; undefined for anything else. */
async function bareSquashfs(file: string): Promise<Inside | undefined> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${getErrorMessage(error)}`, { cause: error });
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new UsageError(`${file} is no file`);
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
