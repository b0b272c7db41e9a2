import type { Context } from '../support/context.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';

const defaultMirror = 'http://deb.debian.org/debian';

/**
 * Returns the Debian mirror of this machine's apt sources. apt itself reads them, because they have two
 * formats and options.
 */
export async function findDebianMirror({ env, run, signal }: Context): Promise<string> {
  if (env.HPC_GAT_LAB_MIRROR !== undefined && env.HPC_GAT_LAB_MIRROR !== '') {
    return env.HPC_GAT_LAB_MIRROR;
  }
  const { stdout } = await run('apt-get', ['update', '--print-uris'], { env, timeoutMs: 10_000, signal });
  const release = (await readTextIfPresent('/etc/os-release')) ?? '';
  return chooseMirror(stdout, /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1]) ?? defaultMirror;
}

/**
 * Chooses the apt source with Debian's main archive: it has this release, or its name is `debian`.
 *
 * @param uris output of `apt-get update --print-uris`
 */
export function chooseMirror(uris: string, codename: string | undefined): string | undefined {
  const sources = [...uris.matchAll(/^'(https?:\S+?)\/dists\/(\S+)\/InRelease'/gm)].map(
    ([, uri = '', suite = '']) => ({ uri, suite }),
  );
  const isDebian = (uri: string): boolean => uri.endsWith('/debian');
  const found =
    sources.find(({ uri, suite }) => isDebian(uri) && suite === codename) ??
    sources.find(({ uri }) => isDebian(uri)) ??
    sources.find(({ suite }) => suite === codename);
  return found?.uri;
}
