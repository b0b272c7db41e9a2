import type { Context } from '../support/context.ts';
import { runSlurm } from './command.ts';
import { clusterHeading, onCluster } from './job-id.ts';

/** States of sinfo(1) in which no job starts on a node for now; a "*" behind one: the node does not answer. */
const unusable = /^(down|drain|fail|maint|reboot|power|unknown)|\*$/;

/** Slurm's word for a node on which no job can start; undefined when one can, or Slurm does not tell. */
export async function whyNodeIsUnusable(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...onCluster(cluster),
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

/**
 * Finds Slurm's name of the node whose `hostname` prints this, which may have a domain that Slurm's name lacks, or be
 * another name altogether. Undefined when Slurm knows no such node, or does not answer.
 */
export async function findNodeName(
  context: Context,
  host: string,
  cluster?: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...onCluster(cluster),
    ...['--Node', '--noheader', '--format=%N|%n|%o'],
  ]);
  if (exitCode !== 0) {
    return undefined;
  }
  // Name, NodeHostname and NodeAddr of each node.
  const nodes = stdout.split('\n').map((line) => line.trim().split('|'));
  const isCalled = (name: string) => nodes.find((names) => names.includes(name))?.[0];
  const short = (name: string): string => name.replace(/\..*$/, '');
  return (
    isCalled(host) ??
    isCalled(short(host)) ??
    nodes.find((names) => names.some((name) => short(name) === short(host)))?.[0]
  );
}

/** Names of the partitions that a node is in; none when Slurm knows no such node, or does not answer. */
export async function listNodePartitions(
  context: Context,
  node: string,
  cluster?: string,
): Promise<string[]> {
  const { exitCode, stdout } = await runSlurm(context, 'sinfo', [
    ...onCluster(cluster),
    ...['--noheader', `--nodes=${node}`, '--format=%R'],
  ]);
  const lines = stdout.split('\n').map((line) => line.trim());
  return exitCode === 0 ? lines.filter((line) => line !== '' && !clusterHeading.test(line)) : [];
}
