/**
 * Normalizes the lines of `hpc-gat sif list --tree --long` and of `unsquashfs -lln`, without the parts whose forms
 * differ: names that are not text, sizes of directories, device numbers.
 */
export function comparable(listing: string): string[] {
  return listing
    .split('\n')
    .filter((line) => /^[-a-z]{10} /i.test(line) && !/\/(new|caf)/.test(line))
    .map((line) =>
      line
        .replace(/^(d\S+ \S+ +)\d+/, '$1')
        .replace(/^([bc]\S+ \S+ +)-?\d+, *\d+/, '$1')
        .replace(/ $/, ' /')
        .replaceAll(/ +/g, ' ')
        .slice(0, 300),
    );
}
