import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { RunDirectory } from '../../../src/run/record/run-directory.ts';
import { samplePlan, sampleSettings } from '../plan/sample-plan.ts';

/** Creates a run of the project `root`, as `submit` leaves it after Slurm has assigned a job id. */
export async function sampleRecord(
  root: string,
  id: string,
  jobId?: string,
  { serve = false, models = 'gat_test' }: { serve?: boolean; models?: string | string[] } = {},
): Promise<RunDirectory> {
  const project = { root, site: 'generic', settings: sampleSettings({ model: { name: models } }) };
  const kind = jobId === undefined ? 'local' : 'job';
  const record = await RunDirectory.create(samplePlan({}, { project, id, kind, serve }), '');
  if (jobId !== undefined) {
    await record.writeJobId(jobId);
  }
  return record;
}

/** Records the outcome of its script. */
export function endRecord(record: RunDirectory, reason = 'passed', exitCode = 0): Promise<void> {
  const ended = { schemaVersion: 1, exitCode, reason, host: 'gpu1', time: '2026-01-02T03:04:05Z' };
  return writeFile(path.join(record.directory, 'ended.json'), JSON.stringify(ended));
}
