import { execFileSync } from 'node:child_process';

/**
 * Library versions of Red Hat 8 and its derivatives, the oldest systems on current clusters: glibc 2.28, libstdc++ of
 * GCC 8.
 */
const newest: Readonly<Record<string, string>> = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11' };

/** @returns the newest version of each library's symbols that the program needs */
export function checkSymbolVersions(program: string): string {
  const output = execFileSync('readelf', ['--version-info', '--wide', program], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const needed = new Map<string, string>();
  for (const [, library = '', version = ''] of output.matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_([\d.]+)/g)) {
    if (isNewer(version, needed.get(library) ?? '0')) {
      needed.set(library, version);
    }
  }
  for (const [library, version] of Object.entries(newest)) {
    const found = needed.get(library);
    if (found === undefined || isNewer(found, version)) {
      throw new Error(
        `${program} needs ${library}_${found ?? '(none found)'}; clusters have up to ${version}`,
      );
    }
  }
  return [...needed].map((entry) => entry.join('_')).join(', ');
}

function isNewer(version: string, than: string): boolean {
  const [mine, other] = [version, than].map((text) => text.split('.').map(Number));
  for (let at = 0; at < Math.max(mine?.length ?? 0, other?.length ?? 0); at += 1) {
    const difference = (mine?.[at] ?? 0) - (other?.[at] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return false;
}
