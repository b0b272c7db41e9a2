/** Machine code that exits with success (`exit(0)` of Linux), by Go's name of the architecture. */
const programs: Readonly<Record<string, { readonly machine: number; readonly code: string }>> = {
  // xor edi, edi; mov eax, 60; syscall
  amd64: { machine: 62, code: '31ffb83c0000000f05' },
  // mov x0, #0; mov x8, #93; svc #0
  arm64: { machine: 183, code: '000080d2a80b80d2010000d4' },
};

const headerBytes = 64;
const segmentBytes = 56;
const address = 0x400000;
/** The largest page of either architecture. */
const alignment = 0x10000;

/**
 * Encodes the smallest ELF that Linux executes (elf(5)): a static program that only exits with success, so that an
 * image needs no other files.
 *
 * @returns undefined for an architecture without machine code here.
 */
export function encodeExitProgram(architecture: string): Buffer | undefined {
  const program = programs[architecture];
  if (program === undefined) {
    return undefined;
  }
  const code = Buffer.from(program.code, 'hex');
  const bytes = Buffer.alloc(headerBytes + segmentBytes + code.length);
  // 64 bits, little-endian, version 1.
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  // An executable.
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(program.machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(address + headerBytes + segmentBytes), 24);
  bytes.writeBigUInt64LE(BigInt(headerBytes), 32);
  bytes.writeUInt16LE(headerBytes, 52);
  bytes.writeUInt16LE(segmentBytes, 54);
  bytes.writeUInt16LE(1, 56);
  // One segment with all of the file, to be loaded, readable and executable.
  const segment = bytes.subarray(headerBytes);
  segment.writeUInt32LE(1, 0);
  segment.writeUInt32LE(5, 4);
  segment.writeBigUInt64LE(BigInt(address), 16);
  segment.writeBigUInt64LE(BigInt(address), 24);
  segment.writeBigUInt64LE(BigInt(bytes.length), 32);
  segment.writeBigUInt64LE(BigInt(bytes.length), 40);
  segment.writeBigUInt64LE(BigInt(alignment), 48);
  code.copy(bytes, headerBytes + segmentBytes);
  return bytes;
}
