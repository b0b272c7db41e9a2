const magic = Buffer.from('\x7fELF', 'latin1');
/** Length of the header up to e_machine. */
const neededBytes = 20;

/** Architectures that execute a program, in Go's names, by its e_machine (elf(5), and the kernels' compatibility). */
const machines: Readonly<Record<number, readonly string[]>> = {
  3: ['386', 'amd64'],
  22: ['s390x'],
  40: ['arm', 'arm64'],
  62: ['amd64'],
  183: ['arm64'],
  243: ['riscv64'],
};
const powerPc64 = 21;

/**
 * Reads the architectures of a program.
 *
 * @param start first bytes of the program.
 * @returns the architectures, the program's own first; undefined if it is not an ELF, or for an unknown machine.
 */
export function readArchitectures(start: Buffer): readonly string[] | undefined {
  if (start.length < neededBytes || !start.subarray(0, magic.length).equals(magic)) {
    return undefined;
  }
  const isLittleEndian = start[5] === 1;
  const machine = isLittleEndian ? start.readUInt16LE(18) : start.readUInt16BE(18);
  return machine === powerPc64 ? [isLittleEndian ? 'ppc64le' : 'ppc64'] : machines[machine];
}
