import { readFile } from 'node:fs/promises';
import type { Context } from '../support/context.ts';
import { MissingToolError, UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findProgram } from '../support/processes/find-program.ts';

/** Programs, with the Debian package of each. */
const toRun = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  mount: 'mount',
  ip: 'iproute2',
};

const toBuild = { mmdebstrap: 'mmdebstrap', chroot: 'coreutils', 'apt-get': 'apt' };

/**
 * Checks that a lab can run on this host.
 *
 * @throws {UsageError} without root, Debian or overlayfs.
 * @throws {MissingToolError} when packages are missing.
 */
export async function checkRequirements(context: Context): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new UsageError('the lab creates namespaces and mounts, which requires root', {
      fix: 'run it as root: sudo hpc-gat lab ...',
    });
  }
  const release = (await readTextIfPresent('/etc/os-release')) ?? '';
  if (!/^ID="?debian"?$/m.test(release)) {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? process.platform;
    throw new UsageError(`the lab runs on Debian 12 or 13; this is ${name}`, {
      fix: 'use a machine or a virtual machine with Debian 12 or 13',
    });
  }
  requireTools(context, toRun);
  if (!/\toverlay$/m.test(await readFile('/proc/filesystems', 'utf8'))) {
    const modprobe = await context.run('modprobe', ['overlay'], { env: context.env, timeoutMs: 10_000 });
    if (modprobe.exitCode !== 0) {
      throw new UsageError('this kernel has no overlay file system', { fix: 'use a kernel with overlayfs' });
    }
  }
}

/** Checks what only the build of a root file system needs. */
export function checkBuildRequirements(context: Context): void {
  requireTools(context, toBuild);
}

function requireTools({ env }: Context, tools: Readonly<Record<string, string>>): void {
  const missing = Object.entries(tools).filter(([tool]) => findProgram(tool, env) === undefined);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, debianPackage]) => debianPackage))].join(' ');
    throw new MissingToolError(`the lab needs Debian packages that this host lacks: ${packages}`, {
      fix: `apt-get install ${packages}`,
    });
  }
}
