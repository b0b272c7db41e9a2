import path from 'node:path';
import { defaultSettings } from '../../config/defaults.ts';
import { parseJobId } from '../../slurm/job-id.ts';
import { isListed } from '../../support/files/shared-files.ts';
import type { RunPlan } from './run-plan.ts';
import type { ResourceRecord, RunDirectory } from '../record/run-directory.ts';

/** Parts of a run's plan that the cleanup needs. */
export type CleanupPlan = Pick<
  RunPlan,
  'id' | 'runtime' | 'stopSeconds' | 'setup' | 'dockerHost' | 'directives'
> & {
  /** Cluster of the job; undefined for this host's own. */
  readonly cluster?: string | undefined;
};

/**
 * Creates the cleanup plan of a run. For an unreadable plan, recorded resources distinguish Docker from
 * Apptainer.
 */
export async function createCleanupPlan(
  record: RunDirectory,
  resourceRecord: ResourceRecord,
): Promise<CleanupPlan> {
  const { plan, jobId = '' } = await record.facts();
  const recorded = (await isListed(path.join(resourceRecord.directory, 'network')))
    ? 'docker'
    : defaultSettings.runtime;
  const runtime = plan?.runtime ?? recorded;
  return {
    id: record.id,
    runtime,
    stopSeconds: plan?.stopSeconds ?? defaultSettings.triton.stopSeconds,
    setup: plan?.setup ?? [],
    directives: plan?.directives ?? [],
    cluster: parseJobId(jobId).cluster,
    ...(runtime === 'docker' && { dockerHost: plan?.dockerHost ?? '' }),
  };
}
