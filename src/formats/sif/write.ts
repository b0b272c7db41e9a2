import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files/file-access.ts';
import { encodeDescriptor, descriptorSizeBytes, SifDataType, type SifObject } from './descriptor.ts';
import { encodeHeader, type SifArchitecture } from './header.ts';

const descriptorsOffset = 4096;
const descriptorsTotal = 48;
const dataOffset = descriptorsOffset + descriptorsTotal * descriptorSizeBytes;
/** Alignment of a partition: it is mounted from its offset in the file, so it begins at a page. */
const partitionAlignment = 4096;

/** Descriptions of the file system in a SIF. */
export interface SifDescriptions {
  readonly definition: string;
  readonly inspectMetadata: string;
  readonly ociConfig: string;
}

/**
 * Offset at which the caller writes the file system. The descriptions follow it, because they may be known only after
 * it is written.
 */
export const partitionOffset = Math.ceil(dataOffset / partitionAlignment) * partitionAlignment;

/**
 * Adds the header, the descriptors and the descriptions to a file whose system partition is already written.
 *
 * @param partitionBytes length of the file system; the rest of its last page is filled with zeros.
 */
export async function writeSif(
  file: FileHandle,
  architecture: SifArchitecture,
  { definition, inspectMetadata, ociConfig }: SifDescriptions,
  partitionBytes: number,
): Promise<void> {
  const sizeBytes = Math.ceil(partitionBytes / partitionAlignment) * partitionAlignment;
  const texts = [
    { type: SifDataType.definition, name: '', text: definition },
    { type: SifDataType.json, name: 'inspect-metadata.json', text: inspectMetadata },
    { type: SifDataType.json, name: 'oci-config.json', text: ociConfig },
  ];
  let offset = partitionOffset + sizeBytes;
  const descriptions = texts.map(({ type, name, text }) => {
    const bytes = Buffer.from(text);
    const object = { type, name, offset, sizeBytes: bytes.length, paddedBytes: bytes.length, bytes };
    offset += bytes.length;
    return object;
  });
  const partition: SifObject = {
    type: SifDataType.partition,
    name: '',
    offset: partitionOffset,
    sizeBytes,
    paddedBytes: partitionOffset - dataOffset + sizeBytes,
    architecture,
  };
  // The order is Apptainer's: users refer to the objects by their numbers.
  const objects = [...descriptions, partition];
  // Truncating first clears bytes of the last page that were written and then abandoned.
  await file.truncate(partitionOffset + partitionBytes);
  await file.truncate(partitionOffset + sizeBytes);
  await writeAt(file, partitionOffset + sizeBytes, Buffer.concat(descriptions.map(({ bytes }) => bytes)));
  const table = objects.map((object, slot) => encodeDescriptor(object, slot + 1));
  await writeAt(file, descriptorsOffset, Buffer.concat(table));
  await writeAt(
    file,
    0,
    encodeHeader({
      architecture,
      descriptorsFree: descriptorsTotal - objects.length,
      descriptorsTotal,
      descriptorsOffset,
      descriptorsBytes: descriptorsTotal * descriptorSizeBytes,
      dataOffset,
      dataBytes: offset - dataOffset,
    }),
  );
}
