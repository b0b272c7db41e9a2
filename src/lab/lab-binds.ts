import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { getOwnCommand } from '../support/processes/own-command.ts';
import { getPackageDirectory } from '../support/package/package-files.ts';
import type { ClusterNode } from './facts.ts';
import { nodeDirectory, type Lab } from './open-lab.ts';
import type { LabModes } from './modes.ts';

/** Directory or file of the host that a node sees at `target`. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * Parses `SRC:DST` of `--bind`, which is read-only.
 *
 * @throws {UsageError} for another format, or a missing source.
 */
export function parseBind(text: string, cwd: string): Bind {
  const [from = '', target = '', ...rest] = text.split(':');
  if (from === '' || !path.isAbsolute(target) || rest.length > 0) {
    throw new UsageError(`cannot bind "${text}"`, { fix: 'write SRC:DST, with an absolute DST' });
  }
  const source = path.resolve(cwd, from);
  if (!existsSync(source)) {
    throw new UsageError(`cannot bind ${source}: there is no such file or directory`);
  }
  return { source, target: path.normalize(target), readOnly: true };
}

/** Directory that a node accesses through caches like those of an NFS client. */
export interface CachedMount {
  /** Path of the directory on the node without caches. */
  readonly source: string;
  readonly target: string;
  readonly seconds: number;
}

/** Path on a node of the shared directories that it accesses through caches. */
const uncachedRoot = '/srv/shared';

/** Returns the shared directories that a login node of a lab with `--lookup-cache` accesses through caches. */
export function listCachedMounts({ role }: ClusterNode, { lookupCacheSeconds }: LabModes): CachedMount[] {
  return role === 'login' && lookupCacheSeconds !== undefined
    ? ['/home', '/scratch'].map((target) => ({
        source: `${uncachedRoot}${target}`,
        target,
        seconds: lookupCacheSeconds,
      }))
    : [];
}

/** Lists everything that is bound into one node. */
export async function listBinds(
  lab: Lab,
  name: string,
  node: ClusterNode,
  { binds: extra, modes }: { readonly binds: readonly Bind[]; readonly modes: LabModes },
): Promise<Bind[]> {
  const isCached = listCachedMounts(node, modes).length > 0;
  const shared = (directory: string, target: string): Bind => ({
    source: path.join(lab.directory, directory),
    target,
    readOnly: false,
  });
  const { directory, log } = nodeDirectory(lab, name);
  const binds: Bind[] = [
    { source: log, target: '/var/log', readOnly: false },
    { source: path.join(directory, 'tmp'), target: '/tmp', readOnly: false },
    {
      source: path.join(directory, 'node-services.sh'),
      target: '/usr/local/sbin/node-services',
      readOnly: true,
    },
    ...['home', 'scratch'].map((directory) =>
      shared(directory, `${isCached ? uncachedRoot : ''}/${directory}`),
    ),
    { ...shared('etc/hosts', '/etc/hosts'), readOnly: true },
    ...(await listPackageBinds(lab.context, path.join(lab.directory, 'etc', 'hpc-gat'))),
  ];
  if (node.role !== 'workstation') {
    binds.push(shared('etc/slurm', '/etc/slurm'), shared('etc/munge', '/etc/munge'));
  }
  if (node.role === 'controller') {
    binds.push(shared('database', '/var/lib/mysql'), shared('controller', '/var/spool/slurmctld'));
  }
  if (node.role === 'workstation') {
    binds.push(shared('docker', '/var/lib/docker'));
  }
  return [...binds, ...extra];
}

/** Lists the binds of this package and its runtime, for all users of the lab. */
async function listPackageBinds(context: Context, wrapper: string): Promise<Bind[]> {
  const readOnly = true;
  const files = await getPackageDirectory(context);
  const [program, launcher] = getOwnCommand();
  const binds = [{ source: files, target: '/opt/hpc-gat', readOnly }];
  if (launcher === undefined) {
    return [...binds, { source: program, target: '/usr/local/bin/hpc-gat', readOnly }];
  }
  binds.push(
    { source: program, target: '/usr/local/bin/node', readOnly },
    { source: wrapper, target: '/usr/local/bin/hpc-gat', readOnly },
  );
  // When installed by npm, the dependencies of this package are beside it, not in it.
  const parent = path.dirname(files);
  return path.basename(parent) === 'node_modules'
    ? [...binds, { source: parent, target: '/opt/node_modules', readOnly }]
    : binds;
}
