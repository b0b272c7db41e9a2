import { readPosition, readText } from './bytes.ts';
import { InvalidSifError } from './invalid.ts';

/** The global header, at the start of the file (apptainer/sif, pkg/sif/sif.go): packed, little-endian. */
export interface SifHeader {
  /** "01" is the only version there is. */
  readonly version: string;
  readonly architecture: SifArchitecture | undefined;
  readonly descriptorsTotal: number;
  readonly descriptorsOffset: number;
}

export const headerSizeBytes = 128;

/** Architecture codes of a SIF, by the names that Go and Docker use. */
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

/** Undefined for a code that this reader does not know. */
export function architectureOf(code: string): SifArchitecture | undefined {
  return Object.hasOwn(architectures, code) ? architectures[code as keyof typeof architectures] : undefined;
}

/** @throws {InvalidSifError} when these are not the first bytes of a SIF of version 01. */
export function parseHeader(bytes: Buffer, file: string): SifHeader {
  if (bytes.length < headerSizeBytes || readText(bytes, 32, 10) !== 'SIF_MAGIC') {
    throw new InvalidSifError(file, 'is not a SIF: it does not begin with a SIF header');
  }
  const version = readText(bytes, 42, 3);
  if (version !== '01') {
    throw new InvalidSifError(file, `is a SIF of the unknown version "${version}"`);
  }
  return {
    version,
    architecture: architectureOf(readText(bytes, 45, 3)),
    descriptorsTotal: readPosition(bytes, 88, 'number of descriptors', file),
    descriptorsOffset: readPosition(bytes, 96, 'place of descriptors', file),
  };
}
