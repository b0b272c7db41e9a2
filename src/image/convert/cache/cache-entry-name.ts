import { versions } from 'node:process';
import { formatBlockSize } from '../../../formats/squashfs/block-size.ts';
import { formatCompression, type Compression } from '../../../formats/squashfs/compression.ts';
import { getDeflateVersion } from '../../../formats/deflate/module.ts';

/** Version of the entries; increase it if the blocks or the index of a layer change. */
const formVersion = 3;

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

function versionFor({ codec }: Compression): string {
  const library = { zstd: versions.zstd, gzip: getDeflateVersion(), none: '' }[codec] ?? '';
  return `${formVersion}-${library.replace(/[^\w.-]/g, '_') || 'plain'}`;
}
