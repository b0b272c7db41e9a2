import { versions } from 'node:process';
import { formatBlockSize } from '../../../formats/squashfs/block-size.ts';
import { formatCompression, type Compression } from '../../../formats/squashfs/compression.ts';
import { getDeflateVersion } from '../../../formats/deflate/module.ts';
import { outputVersions } from '../output-versions.ts';

/** Settings that the blocks of a layer depend on. */
export interface BlockForm {
  readonly compression: Compression;
  /** Size of the largest block. */
  readonly blockBytes: number;
}

export interface EntryName {
  /** `sha256:` and 64 hexadecimal digits: digest of the layer as its image stores it. */
  readonly digest: string;
  /** Format of `--compression`. */
  readonly compression: string;
  /** Format of `--block-size`. */
  readonly blockSize: string;
  /** Version of this program and of the compression library: others may produce other bytes. */
  readonly version: string;
}

/** Formats the file name of a layer's entry; returns undefined for an invalid digest. */
export function formatEntryName(digest: string, { compression, blockBytes }: BlockForm): string | undefined {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) {
    return undefined;
  }
  const codec = formatCompression(compression).replace(':', '-');
  return `${hex}.${codec}.${formatBlockSize(blockBytes)}.${versionFor(compression)}`;
}

/** Parses a file name; returns undefined if it is not an entry's. */
export function parseEntryName(name: string): EntryName | undefined {
  const [, hex = '', codec = '', blockSize = '', version = ''] =
    /^([0-9a-f]{64})\.([a-z]+(?:-\d+)?)\.(\d+[KM])\.(\d+-[\w.-]+)$/.exec(name) ?? [];
  return hex === ''
    ? undefined
    : { digest: `sha256:${hex}`, compression: codec.replace('-', ':'), blockSize, version };
}

function versionFor(compression: Compression): string {
  return `${outputVersions.layer}-${libraryVersion(compression).replace(/[^\w.-]/g, '_')}`;
}

/** Returns the version of the library that compresses; a block of another version may have other bytes. */
function libraryVersion({ codec }: Compression): string {
  switch (codec) {
    case 'zstd':
      return versions.zstd ?? 'plain';
    case 'gzip':
      return getDeflateVersion();
    case 'none':
      return 'plain';
  }
}
