import type { FileHandle } from 'node:fs/promises';
import { readAt } from '../../support/files/file-access.ts';
import { descriptorSizeBytes, SifDataType, type SifDescriptor } from '../../formats/sif/descriptor.ts';
import { headerSizeBytes, launchLine } from '../../formats/sif/header.ts';
import { InvalidSifError } from '../../formats/sif/invalid.ts';
import type { Sif } from '../../formats/sif/read.ts';

/** Limit for the descriptions in a SIF. */
const maxJsonBytes = 64 * 1024 * 1024;

/**
 * Checks a SIF's header, its table of objects, their ranges, and its JSON.
 *
 * @throws {InvalidSifError} for the first problem.
 */
export async function checkContainer(sif: Sif, handle: FileHandle, file: string): Promise<void> {
  const broken = (problem: string) => new InvalidSifError(file, `is damaged: ${problem}`);
  const { header, descriptors } = sif;
  const tableBytes = header.descriptorsTotal * descriptorSizeBytes;
  const used = header.descriptorsTotal - header.descriptorsFree;
  if (header.launch !== launchLine) {
    throw broken(`it begins with ${JSON.stringify(header.launch)} instead of ${JSON.stringify(launchLine)}`);
  }
  if (used !== descriptors.length) {
    throw broken(`its header counts ${used} objects, but its table has ${descriptors.length}`);
  }
  if (header.descriptorsBytes !== tableBytes || header.descriptorsOffset < headerSizeBytes) {
    throw broken(
      `its header has a table of ${header.descriptorsBytes} bytes at ${header.descriptorsOffset} for ${header.descriptorsTotal} descriptors`,
    );
  }
  if (new Set(descriptors.map(({ id }) => id)).size !== descriptors.length) {
    throw broken('two objects have the same number');
  }
  let end = Math.max(header.dataOffset, header.descriptorsOffset + tableBytes);
  for (const object of descriptors.toSorted((one, other) => one.offset - other.offset)) {
    if (object.offset < end) {
      throw broken(`object ${object.id} begins at ${object.offset}, before the end of another at ${end}`);
    }
    if (object.paddedBytes < object.sizeBytes) {
      throw broken(
        `object ${object.id} has ${object.sizeBytes} bytes, but ${object.paddedBytes} with the gap before it`,
      );
    }
    end = object.offset + object.sizeBytes;
  }
  if (header.dataOffset + header.dataBytes !== end) {
    throw broken(
      `its objects should end at ${header.dataOffset + header.dataBytes} according to its header, but end at ${end}`,
    );
  }
  for (const object of descriptors.filter(({ type }) => type === SifDataType.json)) {
    if (!(await isJson(handle, object))) {
      throw broken(`object ${object.id}, ${object.name}, is not JSON`);
    }
  }
}

async function isJson(handle: FileHandle, { offset, sizeBytes }: SifDescriptor): Promise<boolean> {
  if (sizeBytes > maxJsonBytes) {
    return false;
  }
  const bytes = await readAt(handle, offset, sizeBytes);
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
