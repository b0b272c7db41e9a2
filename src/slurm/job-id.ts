/** A job of this host's cluster by its number; one of another cluster as sbatch's `--parsable` names it: `4711;CLUSTER`. */
export const jobIdPattern = /^(\d+)(?:;([\w.,-]+))?$/;

export interface JobId {
  readonly number: string;
  /** Cluster of the job; undefined for this host's own. */
  readonly cluster: string | undefined;
}

export function parseJobId(id: string): JobId {
  const [, number = id, cluster] = jobIdPattern.exec(id) ?? [];
  return { number, cluster };
}

export function formatJobId({ number, cluster }: JobId): string {
  return cluster === undefined ? number : `${number};${cluster}`;
}

/** Returns the option with which Slurm's programs address another cluster; none for this host's own. */
export function toClusterOption(cluster: string | undefined): string[] {
  return cluster === undefined ? [] : [`--clusters=${cluster}`];
}

/**
 * Matches the line that some of Slurm's programs print above the answer of a cluster, even without headings.
 */
export const clusterHeading = /^CLUSTER: /;
