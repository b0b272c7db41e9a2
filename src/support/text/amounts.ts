const units = ['KiB', 'MiB', 'GiB', 'TiB'];

/** Formats an amount of bytes in powers of 1024, as limits are given: "87 bytes", "12.3 KiB", "1.2 GiB". */
export function formatBytes(bytes: number): string {
  const power = Math.min(units.length, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return power === 0
    ? `${Math.round(bytes)} bytes`
    : `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1] ?? ''}`;
}

/** Formats a number with its noun: "1 file", "2 files". */
export function formatCount(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
