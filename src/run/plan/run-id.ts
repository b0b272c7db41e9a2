/** Matches ids from {@link newRunId}; ids that users choose have other forms. */
export const generatedRunId = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/**
 * Creates a run id such as `20261123-174501-3fa2`, which sorts by time and differs from others of the same
 * second.
 */
export function newRunId(now: Date, random: () => number): string {
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const suffix = Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, '0');
  return `${stamp}-${suffix}`;
}
