import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files/file-access.ts';
import { descriptorBytes, descriptorSizeBytes, SifDataType, type SifObject } from './descriptor.ts';
import { headerBytes, type SifArchitecture } from './header.ts';

const descriptorsOffset = 4096;
const descriptorsTotal = 48;
const dataOffset = descriptorsOffset + descriptorsTotal * descriptorSizeBytes;
/** A partition is mounted from its place in the file: it begins at a page. */
const partitionAlignment = 4096;

/** What a SIF tells of its file system. */
export interface SifDescriptions {
  readonly definition: string;
  readonly inspectMetadata: string;
  readonly ociConfig: string;
}

/** Where somebody else writes the file system: before the descriptions, which may be known only when it is written. */
export const partitionOffset = Math.ceil(dataOffset / partitionAlignment) * partitionAlignment;

/**
 * Makes a file whose system partition is written a SIF.
 *
 * @param partitionBytes length of the file system; the rest of its last page is filled.
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
  // In the order in which Apptainer lists them: their numbers are what its commands take.
  const objects = [...descriptions, partition];
  // What was written behind the end and given up again is not to be seen in the last page.
  await file.truncate(partitionOffset + partitionBytes);
  await file.truncate(partitionOffset + sizeBytes);
  await writeAt(file, partitionOffset + sizeBytes, Buffer.concat(descriptions.map(({ bytes }) => bytes)));
  const table = objects.map((object, slot) => descriptorBytes(object, slot + 1));
  await writeAt(file, descriptorsOffset, Buffer.concat(table));
  await writeAt(
    file,
    0,
    headerBytes({
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
