const magic = Buffer.from('\x7fELF', 'latin1');
/** Up to e_machine. */
const neededBytes = 20;

/** By e_machine, the architectures that start such a program, by Go's names (elf(5), and the kernels' compatibility). */
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
 * What a program is for.
 *
 * @param start its first bytes.
 * @returns the architectures, the program's own first; undefined where it is no ELF, or for another machine.
 */
export function architecturesOf(start: Buffer): readonly string[] | undefined {
  if (start.length < neededBytes || !start.subarray(0, magic.length).equals(magic)) {
    return undefined;
  }
  const isLittleEndian = start[5] === 1;
  const machine = isLittleEndian ? start.readUInt16LE(18) : start.readUInt16BE(18);
  return machine === powerPc64 ? [isLittleEndian ? 'ppc64le' : 'ppc64'] : machines[machine];
}
