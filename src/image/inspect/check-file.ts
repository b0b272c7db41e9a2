import { open } from 'node:fs/promises';
import type { Context } from '../../support/context.ts';
import { openSquashfs } from '../../formats/squashfs/read/open.ts';
import type { Superblock } from '../../formats/squashfs/read/superblock.ts';
import { checkContainer } from './check-container.ts';
import { checkData, type CheckWatch, type DataCounts } from './check-data.ts';
import { checkDirectories } from './check-directories.ts';
import { checkInodes, type InodeCounts } from './check-inodes.ts';
import { inspectFile, type ContainedFileSystem } from './look-inside.ts';
import { checkXattrs } from './check-xattrs.ts';

/** Contents of a file that passed the check. */
export interface CheckReport {
  readonly file: string;
  readonly sizeBytes: number;
  /** Undefined for a squashfs without a SIF. */
  readonly sif: { readonly objects: number; readonly architecture: string } | undefined;
  readonly fileSystems: readonly FileSystemReport[];
  readonly durationMs: number;
}

export interface FileSystemReport extends DataCounts {
  /** Number of the object; undefined without a SIF. */
  readonly object: number | undefined;
  readonly superblock: Pick<Superblock, 'codec' | 'level' | 'blockSizeBytes' | 'usedBytes'>;
  readonly inodes: InodeCounts;
  readonly names: number;
  readonly ids: number;
  readonly xattrSets: number;
  readonly isExportable: boolean;
}

/**
 * Reads and checks everything in a SIF, or in a squashfs without one.
 *
 * @throws {InvalidSifError} for the first problem, with its position.
 */
export async function checkFile(
  file: string,
  { clock, signal, output }: Pick<Context, 'clock' | 'signal' | 'output'>,
): Promise<CheckReport> {
  const startedAt = clock.now().getTime();
  const inside = await inspectFile(file);
  const handle = await open(file, 'r');
  try {
    if (inside.sif !== undefined) {
      await checkContainer(inside.sif, handle, file);
    }
    const fileSystems: FileSystemReport[] = [];
    for (const part of inside.fileSystems) {
      const watch = { signal, onBytes: statusOf(output) };
      fileSystems.push(await checkFileSystem(handle, part, file, watch));
    }
    return {
      file,
      sizeBytes: inside.sizeBytes,
      sif: inside.sif && {
        objects: inside.sif.descriptors.length,
        architecture: inside.sif.header.architecture ?? '',
      },
      fileSystems,
      durationMs: clock.now().getTime() - startedAt,
    };
  } finally {
    output.status('');
    await handle.close();
  }
}

async function checkFileSystem(
  handle: Awaited<ReturnType<typeof open>>,
  part: ContainedFileSystem,
  file: string,
  watch: CheckWatch,
): Promise<FileSystemReport> {
  const image = await openSquashfs(handle, part, file);
  const { codec, level, blockSizeBytes, usedBytes } = image.superblock;
  const inodes = checkInodes(image);
  const names = checkDirectories(image);
  const xattrSets = checkXattrs(image);
  return {
    object: part.object,
    superblock: { codec, level, blockSizeBytes, usedBytes },
    inodes,
    names,
    ids: image.ids.length,
    xattrSets,
    isExportable: image.exports !== undefined,
    ...(await checkData(image, watch)),
  };
}

function statusOf(output: Context['output']): CheckWatch['onBytes'] {
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent > shown) {
      shown = percent;
      output.status(`checking the contents: ${percent} %`);
    }
  };
}
