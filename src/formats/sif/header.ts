import { readPosition, readText } from './bytes.ts';
import { InvalidSifError } from './invalid.ts';

/** Global header at the start of the file (apptainer/sif, pkg/sif/sif.go): packed, little-endian. */
export interface SifHeader {
  /** "01" is the only version that exists. */
  readonly version: string;
  readonly architecture: SifArchitecture | undefined;
  /** Line by which the kernel executes the file as a program. */
  readonly launch: string;
  readonly descriptorsFree: number;
  readonly descriptorsTotal: number;
  readonly descriptorsOffset: number;
  readonly descriptorsBytes: number;
  readonly dataOffset: number;
  /** Distance from `dataOffset` to the end of the last object. */
  readonly dataBytes: number;
}

export const headerSizeBytes = 128;

export const launchLine = '#!/usr/bin/env run-singularity\n';

/** Architecture codes of a SIF, with the names that Go and Docker use. */
const architectures = {
  '01': '386',
  '02': 'amd64',
  '03': 'arm',
  '04': 'arm64',
  '05': 'ppc64',
  '06': 'ppc64le',
  '11': 's390x',
  '12': 'riscv64',
} as const;

export type SifArchitecture = (typeof architectures)[keyof typeof architectures];

/** Returns undefined for an unknown code. */
export function decodeArchitecture(code: string): SifArchitecture | undefined {
  return Object.hasOwn(architectures, code) ? architectures[code as keyof typeof architectures] : undefined;
}

export function isSifArchitecture(name: string): name is SifArchitecture {
  return (Object.values(architectures) as string[]).includes(name);
}

export function encodeArchitecture(name: SifArchitecture): string {
  return Object.entries(architectures).find(([, known]) => known === name)?.[0] ?? '';
}

/** Go's zero time, in seconds since 1970: the same image gives the same bytes whenever it is converted. */
export const fixedTime = -62135596800;

/** @throws {InvalidSifError} if these are not the first bytes of a SIF of version 01. */
export function decodeHeader(bytes: Buffer, file: string): SifHeader {
  if (bytes.length < headerSizeBytes || readText(bytes, 32, 10) !== 'SIF_MAGIC') {
    throw new InvalidSifError(file, 'is not a SIF: it does not begin with a SIF header');
  }
  const version = readText(bytes, 42, 3);
  if (version !== '01') {
    throw new InvalidSifError(file, `is a SIF of the unknown version "${version}"`);
  }
  return {
    version,
    architecture: decodeArchitecture(readText(bytes, 45, 3)),
    launch: readText(bytes, 0, 32),
    descriptorsFree: readPosition(bytes, 80, 'number of free descriptors', file),
    descriptorsTotal: readPosition(bytes, 88, 'number of descriptors', file),
    descriptorsOffset: readPosition(bytes, 96, 'offset of descriptors', file),
    descriptorsBytes: readPosition(bytes, 104, 'size of descriptors', file),
    dataOffset: readPosition(bytes, 112, 'offset of data', file),
    dataBytes: readPosition(bytes, 120, 'size of data', file),
  };
}

export interface SifLayout {
  readonly architecture: SifArchitecture;
  readonly descriptorsFree: number;
  readonly descriptorsTotal: number;
  readonly descriptorsOffset: number;
  readonly descriptorsBytes: number;
  readonly dataOffset: number;
  readonly dataBytes: number;
}

/** Encodes the first bytes of a SIF. Its UUID is nil so that the same image gives the same bytes. */
export function encodeHeader(layout: SifLayout): Buffer {
  const bytes = Buffer.alloc(headerSizeBytes);
  bytes.write(launchLine, 0);
  bytes.write('SIF_MAGIC', 32);
  bytes.write('01', 42);
  bytes.write(encodeArchitecture(layout.architecture), 45);
  const numbers = [
    ...[fixedTime, fixedTime],
    ...[layout.descriptorsFree, layout.descriptorsTotal],
    ...[layout.descriptorsOffset, layout.descriptorsBytes],
    ...[layout.dataOffset, layout.dataBytes],
  ];
  numbers.forEach((value, index) => bytes.writeBigInt64LE(BigInt(value), 64 + 8 * index));
  return bytes;
}
