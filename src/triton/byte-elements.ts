/**
 * Encodes a tensor of BYTES for transmission: each element follows its length in four bytes, little-endian.
 *
 * Source: KServe v2 with Triton's binary tensor data extension.
 */
export function encodeByteElements(elements: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.alloc(elements.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const element of elements) {
    bytes.writeUInt32LE(element.length, at);
    bytes.set(element, at + 4);
    at += 4 + element.length;
  }
  return bytes;
}

/** The elements; undefined when the bytes end within one. They share memory with `bytes`. */
export function decodeByteElements(bytes: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + 4;
    const end = start > bytes.length ? Infinity : start + view.getUint32(at, true);
    if (end > bytes.length) {
      return undefined;
    }
    elements.push(bytes.subarray(start, end));
    at = end;
  }
  return elements;
}
