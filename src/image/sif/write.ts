import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files.ts';
import { descriptorBytes, descriptorSizeBytes, SifDataType, type SifObject } from './descriptor.ts';
import { headerBytes, type SifArchitecture } from './header.ts';

const descriptorsOffset = 4096;
const descriptorsTotal = 48;
const dataOffset = descriptorsOffset + descriptorsTotal * descriptorSizeBytes;
/** A partition is mounted from its place in the file: it begins at a page. */
const partitionAlignment = 4096;

/** What lies before the file system in a SIF: their texts are known before it is written. */
export interface SifDescriptions {
  readonly definition: string;
  readonly inspectMetadata: string;
  readonly ociConfig: string;
}

/** A SIF in the making, whose system partition is written by somebody else, from {@link partitionOffset} on. */
export class SifWriter {
  readonly partitionOffset: number;
  readonly #file: FileHandle;
  readonly #architecture: SifArchitecture;
  readonly #objects: readonly (SifObject & { readonly bytes: Buffer })[];

  constructor(file: FileHandle, architecture: SifArchitecture, descriptions: SifDescriptions) {
    this.#file = file;
    this.#architecture = architecture;
    const parts = [
      { type: SifDataType.definition, name: '', text: descriptions.definition },
      { type: SifDataType.json, name: 'inspect-metadata.json', text: descriptions.inspectMetadata },
      { type: SifDataType.json, name: 'oci-config.json', text: descriptions.ociConfig },
    ];
    let offset = dataOffset;
    this.#objects = parts.map(({ type, name, text }) => {
      const bytes = Buffer.from(text);
      const object = { type, name, offset, sizeBytes: bytes.length, paddedBytes: bytes.length, bytes };
      offset += bytes.length;
      return object;
    });
    this.partitionOffset = Math.ceil(offset / partitionAlignment) * partitionAlignment;
  }

  /** @param partitionBytes length of the file system; the rest of its last page is filled. */
  async finish(partitionBytes: number): Promise<void> {
    const sizeBytes = Math.ceil(partitionBytes / partitionAlignment) * partitionAlignment;
    await this.#file.truncate(this.partitionOffset + sizeBytes);
    const last = this.#objects.at(-1);
    const before = (last?.offset ?? 0) + (last?.sizeBytes ?? 0);
    const partition: SifObject = {
      type: SifDataType.partition,
      name: '',
      offset: this.partitionOffset,
      sizeBytes,
      paddedBytes: this.partitionOffset - before + sizeBytes,
      architecture: this.#architecture,
    };
    const objects = [...this.#objects, partition];
    const table = Buffer.concat(objects.map((object, slot) => descriptorBytes(object, slot + 1)));
    await writeAt(this.#file, dataOffset, Buffer.concat(this.#objects.map(({ bytes }) => bytes)));
    await writeAt(this.#file, descriptorsOffset, table);
    await writeAt(
      this.#file,
      0,
      headerBytes({
        architecture: this.#architecture,
        descriptorsFree: descriptorsTotal - objects.length,
        descriptorsTotal,
        descriptorsOffset,
        descriptorsBytes: descriptorsTotal * descriptorSizeBytes,
        dataOffset,
        dataBytes: this.partitionOffset + sizeBytes - dataOffset,
      }),
    );
  }
}
