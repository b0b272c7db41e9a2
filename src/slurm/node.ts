import { hostname, networkInterfaces } from 'node:os';
import type { Context } from '../support/context.ts';
import { MissingToolError } from '../support/errors.ts';
import { isLoopback } from '../support/network/loopback.ts';
import { runSlurm } from './run-slurm.ts';
import { clusterHeading, toClusterOption } from './job-id.ts';

/**
 * Matches states of sinfo(1) in which no job starts on a node for now; a trailing "*" means that the node
 * does not answer.
 */
const unusable = /^(down|drain|fail|maint|reboot|power|unknown)|\*$/;

/**
 * Returns Slurm's state of a node on which no job can start; undefined when one can, or Slurm does not report
 * it.
 */
export async function findUnusableState(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...toClusterOption(cluster),
    '--noheader',
    `--nodes=${node}`,
    '--format=%T',
  ]);
  const [state = ''] = stdout
    .trim()
    .split('\n')
    .filter((line) => !clusterHeading.test(line));
  return exitCode === 0 && unusable.test(state) ? state : undefined;
}

/** Returns the reason why a node is out of use ("Prolog error"); undefined for a usable node. */
export async function findDrainReason(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...toClusterOption(cluster),
    ...['--noheader', `--nodes=${node}`, '--format=%E'],
  ]);
  const [reason = ''] = stdout.split('\n').filter((line) => line !== '' && !clusterHeading.test(line));
  return exitCode !== 0 || ['', 'none'].includes(reason.trim()) ? undefined : reason.trim();
}

/**
 * Finds Slurm's name of the node with this host name, which may have an additional domain or differ entirely. Undefined
 * when Slurm has no such node, or does not answer.
 */
export async function findNodeName(
  context: Context,
  host: string,
  cluster?: string,
): Promise<string | undefined> {
  return findNodeByHost(host, (await listNodeNames(context, cluster)) ?? []);
}

/**
 * Returns whether this host is a node of the cluster, by its name or its addresses; undefined when Slurm does
 * not answer.
 */
export async function isNodeOfCluster(context: Context, clusters?: string): Promise<boolean | undefined> {
  const nodes = await listNodeNames(context, clusters).catch((error: unknown) => {
    if (!(error instanceof MissingToolError)) {
      throw error;
    }
    return undefined;
  });
  return (
    nodes &&
    (findNodeByHost(hostname(), nodes) !== undefined || nodes.some((names) => names.some(isOwnAddress)))
  );
}

/** Returns whether an address, or `localhost`, is this host, as in the one-node cluster of a workstation. */
function isOwnAddress(address: string): boolean {
  return (
    isLoopback(address) ||
    Object.values(networkInterfaces())
      .flat()
      .some((each) => each?.address === address)
  );
}

/** Lists Name, NodeHostname and NodeAddr of each node; undefined when Slurm does not answer. */
async function listNodeNames(context: Context, clusters?: string): Promise<string[][] | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...toClusterOption(clusters),
    ...['--Node', '--noheader', '--format=%N|%n|%o'],
  ]);
  const nodes = stdout
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter((names) => names.length === 3);
  return exitCode === 0 && nodes.length > 0 ? nodes : undefined;
}

function findNodeByHost(host: string, nodes: readonly string[][]): string | undefined {
  const findByName = (name: string) => nodes.find((names) => names.includes(name))?.[0];
  const short = (name: string): string => name.replace(/\..*$/, '');
  return (
    findByName(host) ??
    findByName(short(host)) ??
    nodes.find((names) => names.some((name) => short(name) === short(host)))?.[0]
  );
}

/** Lists the partitions of a node; empty when Slurm has no such node, or does not answer. */
export async function listNodePartitions(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string[]> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...toClusterOption(cluster),
    ...['--noheader', `--nodes=${node}`, '--format=%R'],
  ]);
  const lines = stdout.split('\n').map((line) => line.trim());
  return exitCode === 0 ? lines.filter((line) => line !== '' && !clusterHeading.test(line)) : [];
}
