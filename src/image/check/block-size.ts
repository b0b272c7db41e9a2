const kib = 1024;
const mib = 1024 * kib;

/** The size of a file system's blocks as mksquashfs takes it: "128K", "1M". */
export function formatBlockSize(bytes: number): string {
  return bytes < mib ? `${bytes / kib}K` : `${bytes / mib}M`;
}
