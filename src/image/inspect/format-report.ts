import { formatBlockSize } from '../../formats/squashfs/block-size.ts';
import type { InodeKind } from '../../formats/squashfs/read/parse-inode.ts';
import type { Superblock } from '../../formats/squashfs/read/superblock.ts';
import type { CheckReport, FileSystemReport } from './check-file.ts';
import { formatCount, formatBytes } from '../../support/text/amounts.ts';

/** Formats a report for users. */
export function formatReport(report: CheckReport, name: string): string[] {
  const { sif, sizeBytes, durationMs, fileSystems } = report;
  const seconds = durationMs / 1000;
  const rate = seconds > 0.1 ? `, ${formatBytes(sizeBytes / seconds)}/s` : '';
  return [
    `${name}: sound`,
    ...(sif === undefined
      ? []
      : [`SIF of ${formatCount(sif.objects, 'object')} for ${sif.architecture}, ${formatBytes(sizeBytes)}`]),
    ...fileSystems.flatMap(formatFileSystem),
    `checked in ${seconds.toFixed(1)} s${rate}`,
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function formatFileSystem(report: FileSystemReport): string[] {
  const { inodes, names, ids, xattrSets, isExportable, blocks, fragments, unusedBytes } = report;
  const kinds = Object.entries(inodes).map(([kind, number]) =>
    formatCount(number, ...words[kind as InodeKind]),
  );
  return [
    `${formatSuperblock(report.superblock)}, ${formatBytes(report.superblock.usedBytes)}`,
    `${kinds.join(', ')}; ${formatCount(names, 'name')}`,
    `${formatCount(blocks, 'block')} and ${formatCount(fragments, 'fragment block')} of contents decompressed` +
      (unusedBytes > 0 ? `; ${formatCount(unusedBytes, 'byte')} between them unused` : ''),
    `${formatCount(ids, 'id')}, ${formatCount(xattrSets, 'set')} of xattrs, ${isExportable ? 'an export table' : 'no export table'}`,
  ];
}

const words: Record<InodeKind, [string, string]> = {
  directory: ['directory', 'directories'],
  file: ['file', 'files'],
  'symbolic-link': ['symbolic link', 'symbolic links'],
  'block-device': ['block device', 'block devices'],
  'character-device': ['character device', 'character devices'],
  fifo: ['FIFO', 'FIFOs'],
  socket: ['socket', 'sockets'],
};

/** Formats a superblock like "squashfs, zstd:3, blocks of 128K". */
export function formatSuperblock({
  codec,
  level,
  blockSizeBytes,
}: Pick<Superblock, 'codec' | 'level' | 'blockSizeBytes'>): string {
  const compression = codec === 'none' ? 'not compressed' : level === undefined ? codec : `${codec}:${level}`;
  return `squashfs, ${compression}, blocks of ${formatBlockSize(blockSizeBytes)}`;
}
