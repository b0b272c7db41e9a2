import { readFile } from 'node:fs/promises';
import type { Context } from '../support/context.ts';

const fallback = 'http://deb.debian.org/debian';

/** The Debian mirror of this machine's own apt sources, whatever form they have. */
export async function debianMirror({ env, run, signal }: Context): Promise<string> {
  if (env.HPC_GAT_LAB_MIRROR !== undefined && env.HPC_GAT_LAB_MIRROR !== '') {
    return env.HPC_GAT_LAB_MIRROR;
  }
  const { stdout } = await run(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Identifier: Packages'],
    { env, timeoutMs: 10_000, signal },
  );
  const release = await readFile('/etc/os-release', 'utf8');
  return chooseMirror(stdout, /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1]) ?? fallback;
}

/**
 * Of apt's sources the one with Debian's own main archive: it has this release, or it is called `debian`.
 *
 * @param targets lines of `URI RELEASE COMPONENT`
 */
export function chooseMirror(targets: string, codename: string | undefined): string | undefined {
  const sources = targets
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([uri, release, component]) =>
      uri !== undefined && /^https?:/.test(uri) && component === 'main' ? [{ uri, release }] : [],
    );
  const isDebian = (uri: string) => /\/debian\/?$/.test(uri);
  const found =
    sources.find(({ uri, release }) => isDebian(uri) && release === codename) ??
    sources.find(({ uri }) => isDebian(uri)) ??
    sources.find(({ release }) => release === codename);
  return found?.uri.replace(/\/$/, '');
}
