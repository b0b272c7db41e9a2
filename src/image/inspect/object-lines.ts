import { alignColumns } from '../../support/text/table.ts';
import { formatCount } from '../../support/text/amounts.ts';
import { formatSuperblock } from './format-report.ts';
import type { ListedObject } from './list-objects.ts';

/** Formats a table for users. */
export function formatObjectTable(objects: readonly ListedObject[]): string[] {
  const rows = objects.map(({ id, type, name, offset, sizeBytes, partition, fileSystem }) => [
    String(id),
    type,
    String(offset),
    String(sizeBytes),
    [
      ...(name === '' ? [] : [name]),
      ...(partition === undefined
        ? []
        : [`${partition.kind}, ${partition.architecture ?? 'unknown architecture'}`]),
      ...(fileSystem === undefined ? [] : [formatFileSystem(fileSystem)]),
    ].join(', '),
  ]);
  return alignColumns([['ID', 'TYPE', 'PLACE', 'SIZE', 'WHAT'], ...rows]);
}

function formatFileSystem({
  type,
  codec,
  level,
  blockSizeBytes,
  inodes,
}: NonNullable<ListedObject['fileSystem']>): string {
  return codec === undefined || blockSizeBytes === undefined || inodes === undefined
    ? type
    : `${formatSuperblock({ codec, level, blockSizeBytes })}, ${formatCount(inodes, 'inode')}`;
}
