import path from 'node:path';
import { getCacheDirectory } from '../support/files/cache-directory.ts';
import { UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import type { Context } from '../support/context.ts';
import { loadCluster, type Cluster, type ClusterNode } from './facts.ts';

export const defaultLabName = 'default';

/** Rehearsal cluster with its description and directory. It may be down. */
export interface Lab {
  readonly name: string;
  /** Directory of everything that this lab writes. */
  readonly directory: string;
  readonly cluster: Cluster;
  readonly context: Context;
}

export interface NodeDirectory {
  readonly directory: string;
  /** File with process id and start time of the node's first process while it runs. */
  readonly pidFile: string;
  /** Directory of the node's /var/log. */
  readonly log: string;
  /** Output of the start of the namespaces. */
  readonly launchLog: string;
}

/**
 * Opens a lab by name.
 *
 * @throws {UsageError} for an invalid name.
 */
export async function openLab(context: Context, name = defaultLabName): Promise<Lab> {
  if (!/^[a-z][a-z0-9-]{0,20}$/.test(name) || name.startsWith('rootfs')) {
    throw new UsageError(`"${name}" cannot be the name of a lab`, {
      fix: 'use up to 21 lower-case letters, digits and hyphens, and do not begin with "rootfs"',
    });
  }
  return {
    name,
    directory: path.join(labCacheDirectory(context), name),
    cluster: await loadCluster(),
    context,
  };
}

/** Returns the directory of root file systems and labs, outside of any checkout. */
export function labCacheDirectory(context: Pick<Context, 'env' | 'cwd'>): string {
  return path.join(getCacheDirectory(context), 'lab');
}

/**
 * Returns a node by name.
 *
 * @throws {UsageError} when the lab has no such node.
 */
export function getNode(lab: Lab, name: string): ClusterNode {
  const node = lab.cluster.nodes[name];
  if (node === undefined) {
    const names = Object.keys(lab.cluster.nodes);
    const meant = findNearest(name, names);
    throw new UsageError(`the lab has no node "${name}"`, {
      fix: meant === undefined ? `nodes: ${names.join(', ')}` : `did you mean "${meant}"?`,
    });
  }
  return node;
}

export function listNodes(lab: Lab): [name: string, node: ClusterNode][] {
  return Object.entries(lab.cluster.nodes);
}

export function getAddress(lab: Lab, node: ClusterNode): string {
  return `${lab.cluster.subnet}.${node.address}`;
}

export function nodeDirectory(lab: Lab, name: string): NodeDirectory {
  const directory = path.join(lab.directory, 'nodes', name);
  return {
    directory,
    pidFile: path.join(directory, 'pid'),
    log: path.join(directory, 'log'),
    launchLog: path.join(directory, 'launch.log'),
  };
}

/** Returns the node of a role that only one node has. */
export function nodeWithRole(lab: Lab, role: Exclude<ClusterNode['role'], 'compute'>): string {
  const found = listNodes(lab).find(([, node]) => node.role === role);
  if (found === undefined) {
    throw new UsageError(`the lab has no ${role}`, { fix: 'add one to slurm/lab/cluster.yaml' });
  }
  return found[0];
}
