import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { getOwnUid } from '../support/own-account.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';
import { clusterHeading, formatJobId, toClusterOption } from './job-id.ts';
import { type Job, parseQueueJob, queueFormat } from './job-reports.ts';

/** Traits that identify the job of a script without its number. */
export interface JobTraits {
  /** Name of the job. */
  readonly name: string;
  /** Absolute path of the batch script. */
  readonly script: string;
  /** Comma-separated clusters of the request; undefined for this host's own cluster. */
  readonly clusters?: string | undefined;
}

export interface FoundJob {
  readonly id: string;
  readonly job: Job;
  /** Time of submission; undefined when squeue does not report it. */
  readonly submittedAt: Date | undefined;
}

interface NamedJob extends FoundJob {
  readonly name: string | undefined;
  readonly command: string | undefined;
}

/** Matches the batch script of any run; scripts of other projects may have the same name. */
const scriptOfRun = /\/\.hpc-gat\/runs\/[^/]+\/batch\.sh$/;

/**
 * Finds the jobs of scripts by name and script: this user's pending and running jobs, and ended ones that the controller
 * still knows. Returns one list for each of the traits, in ascending order.
 *
 * @throws {CommandFailedError} when the controller does not answer.
 */
export async function findJobs(context: Context, wanted: readonly JobTraits[]): Promise<FoundJob[][]> {
  const jobs = new Map<string | undefined, NamedJob[]>();
  for (const clusters of new Set(wanted.map((traits) => traits.clusters))) {
    const names = wanted.filter((traits) => traits.clusters === clusters).map(({ name }) => name);
    jobs.set(clusters, await queryByName(context, [...new Set(names)], clusters));
  }
  return wanted.map((traits) =>
    (jobs.get(traits.clusters) ?? []).filter((job) => matchesTraits(job, traits)),
  );
}

function matchesTraits({ name, command }: NamedJob, traits: JobTraits): boolean {
  if (command !== undefined && realPath(command) === realPath(traits.script)) {
    return true;
  }
  if (command !== undefined && scriptOfRun.test(command)) {
    return false;
  }
  // A site's sbatch may submit a copy of the script. Other jobs may have a name that the user chose.
  return (
    (name ?? traits.name) === traits.name && traits.name.includes(path.basename(path.dirname(traits.script)))
  );
}

/** Resolves links, because several paths may lead to one project. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

async function queryByName(
  context: Context,
  names: readonly string[],
  clusters: string | undefined,
): Promise<NamedJob[]> {
  const result = await runSlurm(context, 'squeue', [
    ...toClusterOption(clusters),
    '--noheader',
    '--states=all',
    `--user=${getOwnUid()}`,
    // squeue separates names by commas.
    ...(names.some((name) => name.includes(',')) ? [] : [`--name=${names.join(',')}`]),
    `--format=${queueFormat}%V|%j|%o`,
  ]);
  if (result.exitCode !== 0) {
    throw createSlurmError(result, `squeue cannot list the jobs named ${names.join(', ')}`);
  }
  const found: NamedJob[] = [];
  let cluster = clusters;
  for (const line of result.stdout.split('\n').map((text) => text.trim())) {
    if (clusterHeading.test(line)) {
      cluster = line.replace(clusterHeading, '').trim();
    }
    const [number = '', ...fields] = line.split('|');
    if (/^\d+$/.test(number)) {
      const [submitted = '', name = '', ...command] = fields.slice(3);
      found.push({
        id: formatJobId({ number, cluster }),
        job: parseQueueJob(fields),
        submittedAt: Number.isNaN(Date.parse(submitted)) ? undefined : new Date(submitted),
        name: name === '' ? undefined : name,
        command: ['', '(null)'].includes(command.join('|')) ? undefined : command.join('|'),
      });
    }
  }
  return found.sort((one, other) => parseInt(one.id, 10) - parseInt(other.id, 10));
}
