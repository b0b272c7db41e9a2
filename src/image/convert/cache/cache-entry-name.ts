import { versions } from 'node:process';
import { formatBlockSize } from '../../../formats/squashfs/block-size.ts';
import { formatCompression, type Compression } from '../../../formats/squashfs/compression.ts';
import { deflateVersion } from '../../../formats/deflate/module.ts';

/** Another one where the same layer comes to other blocks, or is described in another way. */
const formVersion = 3;

/** What the blocks of a layer depend on beside the layer. */
export interface BlockForm {
  readonly compression: Compression;
  /** Of the largest block. */
  readonly blockBytes: number;
}

export interface EntryName {
  /** `sha256:` and 64 hexadecimal digits: of the layer as its image stores it. */
  readonly digest: string;
  /** As for `--compression`. */
  readonly compression: string;
  /** As for `--block-size`. */
  readonly blockSize: string;
  /** Of this program and of the library that compresses: others make other bytes. */
  readonly version: string;
}

/** The name of the file in which a layer's blocks lie; undefined for what is no digest. */
export function entryName(digest: string, { compression, blockBytes }: BlockForm): string | undefined {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) {
    return undefined;
  }
  const codec = formatCompression(compression).replace(':', '-');
  return `${hex}.${codec}.${formatBlockSize(blockBytes)}.${versionFor(compression)}`;
}

/** Undefined for a file of another name. */
export function parseEntryName(name: string): EntryName | undefined {
  const [, hex = '', codec = '', blockSize = '', version = ''] =
    /^([0-9a-f]{64})\.([a-z]+(?:-\d+)?)\.(\d+[KM])\.(\d+-[\w.-]+)$/.exec(name) ?? [];
  return hex === ''
    ? undefined
    : { digest: `sha256:${hex}`, compression: codec.replace('-', ':'), blockSize, version };
}

function versionFor({ codec }: Compression): string {
  const library = { zstd: versions.zstd, gzip: deflateVersion(), none: '' }[codec] ?? '';
  return `${formVersion}-${library.replace(/[^\w.-]/g, '_') || 'plain'}`;
}
