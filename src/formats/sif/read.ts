import { open, type FileHandle } from 'node:fs/promises';
import { isMissing, readAt } from '../../support/files/file-access.ts';
import { descriptorSizeBytes, decodeDescriptor, type SifDescriptor } from './descriptor.ts';
import { headerSizeBytes, decodeHeader, type SifHeader } from './header.ts';
import { InvalidSifError } from './invalid.ts';

export interface Sif {
  readonly header: SifHeader;
  /** The used descriptors, in their order. */
  readonly descriptors: readonly SifDescriptor[];
  readonly sizeBytes: number;
}

/** Maximum number of descriptors for which memory is allocated; Apptainer writes 48. */
const maxDescriptors = 4096;

/**
 * Reads the header and the table of contents of a SIF, and checks that every object is inside the file. This finds
 * truncated files, which `apptainer inspect` accepts.
 *
 * @throws {InvalidSifError} that describes the problem and its position.
 */
export async function readSif(file: string): Promise<Sif> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw isMissing(error) ? new InvalidSifError(file, 'does not exist') : error;
  });
  try {
    return await readSifFrom(handle, file);
  } finally {
    await handle.close();
  }
}

async function readSifFrom(handle: FileHandle, file: string): Promise<Sif> {
  const { size: sizeBytes } = await handle.stat();
  const header = decodeHeader(await readAt(handle, 0, headerSizeBytes), file);
  if (header.descriptorsTotal > maxDescriptors) {
    throw new InvalidSifError(
      file,
      `claims ${header.descriptorsTotal} descriptors, more than ${maxDescriptors}`,
    );
  }
  const tableBytes = header.descriptorsTotal * descriptorSizeBytes;
  if (header.descriptorsOffset + tableBytes > sizeBytes) {
    throw new InvalidSifError(file, 'ends inside its table of descriptors');
  }
  const table = await readAt(handle, header.descriptorsOffset, tableBytes);
  const descriptors: SifDescriptor[] = [];
  for (let slot = 0; slot < header.descriptorsTotal; slot += 1) {
    const descriptor = decodeDescriptor(table.subarray(slot * descriptorSizeBytes), file);
    if (descriptor !== undefined) {
      checkBounds(descriptor, sizeBytes, file);
      descriptors.push(descriptor);
    }
  }
  return { header, descriptors, sizeBytes };
}

function checkBounds({ id, offset, sizeBytes }: SifDescriptor, fileBytes: number, file: string): void {
  if (offset + sizeBytes > fileBytes) {
    const missing = offset + sizeBytes - fileBytes;
    throw new InvalidSifError(
      file,
      `is truncated: object ${id} ends ${missing} bytes after the end of the file`,
    );
  }
}
