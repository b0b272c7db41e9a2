/**
 * The lines of `hpc-gat sif list --tree --long` and of `unsquashfs -lln`, without what the two write in ways of their own:
 * names that are no text, sizes of directories, numbers of devices.
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
