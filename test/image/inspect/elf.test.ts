import { expect, test } from '@jest/globals';
import { readArchitectures } from '../../../src/image/inspect/elf.ts';

/** Returns an ELF header up to e_machine, elf(5). */
function header(machine: number, littleEndian = true): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF\x02', 'latin1');
  bytes[5] = littleEndian ? 1 : 2;
  if (littleEndian) {
    bytes.writeUInt16LE(machine, 18);
  } else {
    bytes.writeUInt16BE(machine, 18);
  }
  return bytes;
}

test.each([
  [3, true, ['386', 'amd64']],
  [40, true, ['arm', 'arm64']],
  [62, true, ['amd64']],
  [183, true, ['arm64']],
  [243, true, ['riscv64']],
  [21, true, ['ppc64le']],
  [21, false, ['ppc64']],
  [22, false, ['s390x']],
])('machine %d, little-endian %s, is recognized as %j', (machine, littleEndian, architectures) => {
  expect(readArchitectures(header(machine, littleEndian))).toEqual(architectures);
});

test('a file of an unknown kind has no machine', () => {
  expect(readArchitectures(header(0xffff))).toBeUndefined();
  expect(readArchitectures(header(62).subarray(0, 19))).toBeUndefined();
  expect(readArchitectures(Buffer.from('#!/bin/sh\nexec something else\n'))).toBeUndefined();
  expect(readArchitectures(Buffer.alloc(0))).toBeUndefined();
});
