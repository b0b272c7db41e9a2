import { open } from 'node:fs/promises';
import { HpcGatError } from '../../support/errors.ts';
import { formatCompression, type Compression } from '../../formats/squashfs/compression.ts';
import {
  SifDataType,
  SifFileSystem,
  SifPartitionKind,
  type SifDescriptor,
} from '../../formats/sif/descriptor.ts';
import { InvalidSifError } from '../../formats/sif/invalid.ts';
import { readSif, type Sif } from '../../formats/sif/read.ts';
import {
  decodeSuperblock,
  superblockReadBytes,
  type Superblock,
} from '../../formats/squashfs/read/superblock.ts';

/** Properties of a SIF, read from the file itself. */
export interface SifFacts {
  readonly sizeBytes: number;
  readonly architecture: string;
  readonly superblock: Superblock;
}

/**
 * Reads the structure of a SIF: one primary system partition, which contains a whole squashfs.
 *
 * @throws {InvalidSifError} {HpcGatError} that describes the problem.
 */
export async function readSifFacts(file: string): Promise<SifFacts> {
  const sif = await readSif(file);
  const system = systemPartition(sif, file);
  const architecture = system.partition?.architecture;
  if (architecture === undefined || architecture !== sif.header.architecture) {
    throw new InvalidSifError(
      file,
      `names two architectures: ${sif.header.architecture ?? 'an unknown one'} in its header, ${architecture ?? 'an unknown one'} in its partition`,
    );
  }
  const superblock = await readSuperblock(file, system);
  if (superblock.usedBytes > system.sizeBytes) {
    throw new InvalidSifError(
      file,
      `has a file system of ${superblock.usedBytes} bytes in a partition of ${system.sizeBytes}`,
    );
  }
  return { sizeBytes: sif.sizeBytes, architecture, superblock };
}

/**
 * Reads the structure of a new SIF, and compares it with the request.
 *
 * @param wanted requested compression, and architecture of the image; the latter is empty if the image does not name
 *   it.
 */
export async function verifySif(
  file: string,
  wanted: { readonly compression: Compression; readonly architecture: string },
): Promise<SifFacts> {
  const facts = await readSifFacts(file);
  const { codec, level } = facts.superblock;
  const { compression, architecture } = wanted;
  const levelDiffers = compression.codec !== 'none' && level !== undefined && level !== compression.level;
  if (codec !== compression.codec || levelDiffers) {
    const found = level === undefined ? codec : `${codec}:${level}`;
    throw new HpcGatError(
      `the SIF is compressed with ${found} instead of ${formatCompression(compression)}`,
      {
        fix: 'report this with the version of the container runtime, or try another --compression',
      },
    );
  }
  if (architecture !== '' && facts.architecture !== architecture) {
    throw new HpcGatError(`the image is for ${architecture}, but the SIF is labeled ${facts.architecture}`);
  }
  return facts;
}

function systemPartition({ descriptors }: Sif, file: string): SifDescriptor {
  const systems = descriptors.filter(
    ({ type, partition }) =>
      type === SifDataType.partition && partition?.kind === SifPartitionKind.primarySystem,
  );
  const [system] = systems;
  if (system === undefined || systems.length > 1) {
    throw new InvalidSifError(file, `has ${systems.length} primary system partitions instead of one`);
  }
  if (system.partition?.fileSystem !== SifFileSystem.squashfs) {
    throw new InvalidSifError(file, 'has a system partition that is not a squashfs');
  }
  return system;
}

async function readSuperblock(file: string, { offset, sizeBytes }: SifDescriptor): Promise<Superblock> {
  const handle = await open(file, 'r');
  try {
    const length = Math.min(superblockReadBytes, sizeBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return decodeSuperblock(buffer, file);
  } finally {
    await handle.close();
  }
}
