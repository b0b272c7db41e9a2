import { getJobName, findDirective } from '../../slurm/directives.ts';
import { findJobs, type FoundJob } from '../../slurm/find-jobs.ts';
import { hasEnded, type Job, queryJobs } from '../../slurm/job.ts';
import type { Context } from '../../support/context.ts';
import { MissingToolError } from '../../support/errors.ts';
import { isRunning, processHost } from '../../support/processes/process-identity.ts';
import type { Facts, ResourceRecord, RunDirectory } from './run-directory.ts';
import { mayBeRequeued } from './requeue.ts';

/** State of a local run that can be seen only from its own node. */
export const elsewhere = 'UNKNOWN';

/** State of a run at this moment, from its directory, Slurm and this node. */
export interface RunState {
  readonly id: string;
  readonly kind: 'job' | 'local';
  /** True when the run serves clients until it is stopped, instead of testing the server. */
  readonly serves: boolean;
  readonly jobId: string | undefined;
  /**
   * State in Slurm for a job that continues; RUNNING for a local run; else the reason of the end, LOST,
   * UNKNOWN on another node, or UNREADABLE when the directory does not show it.
   */
  readonly state: string;
  /** Slurm's reason why a job waits. */
  readonly reason: string | undefined;
  readonly host: string | undefined;
  /** True while the model is ready. */
  readonly ready: boolean;
  /** True while the run waits in the queue or runs. */
  readonly active: boolean;
  readonly exitCode: number | undefined;
  /** Nodes with resources of this run although it has ended. */
  readonly leftOn: readonly string[];
  /** Process id of the script, when it runs on this node. */
  readonly scriptPid: number | undefined;
  /** Messages about unreadable files of the directory, one for each. */
  readonly unreadable: readonly string[];
}

/**
 * Returns the state of a run.
 *
 * @throws {CommandFailedError} when Slurm has to be queried and does not answer.
 */
export async function getRunState(
  context: Context,
  record: RunDirectory,
  hostname: string,
): Promise<RunState> {
  const [state] = (await getRunStates(context, [record], hostname)) as [RunState];
  return state;
}

/**
 * Returns the states of many runs, with one query to Slurm for all jobs.
 *
 * @param over jobs that Slurm has reported as ended, which the caller passes from call to call; they are not
 * queried again
 * @throws {CommandFailedError} when Slurm has to be queried and does not answer.
 */
export async function getRunStates(
  context: Context,
  records: readonly RunDirectory[],
  hostname: string,
  over = new Map<string, Job>(),
): Promise<RunState[]> {
  const read = await Promise.all(records.map(async (record) => [record, await record.facts()] as const));
  const all = await addFoundJobs(context, read);
  const unfinished = all.flatMap(([, facts]) =>
    facts.jobId !== undefined && mayContinue(facts) && !over.has(facts.jobId) ? [facts.jobId] : [],
  );
  const jobs = await queryJobs(context, unfinished);
  for (const [id, job] of jobs) {
    if (hasEnded(job)) {
      over.set(id, job);
    }
  }
  return all.map(([record, facts]) => {
    const job = facts.jobId === undefined ? undefined : (over.get(facts.jobId) ?? jobs.get(facts.jobId));
    return deriveState(record, facts, { job, hostname });
  });
}

/**
 * Adds the job's id to runs whose submission was interrupted before the id was recorded: one query to Slurm finds their
 * jobs by name.
 */
async function addFoundJobs(
  context: Context,
  runs: readonly (readonly [RunDirectory, Facts])[],
): Promise<(readonly [RunDirectory, Facts])[]> {
  const lostRuns = runs.flatMap(([record, { plan, jobId, ended, unreadable }]) =>
    plan?.kind === 'job' && (jobId ?? ended) === undefined && unreadable.length === 0
      ? [{ record, plan }]
      : [],
  );
  if (lostRuns.length === 0) {
    return [...runs];
  }
  const traits = lostRuns.map(({ record, plan: { directives = [] } }) => ({
    name: getJobName(directives),
    script: record.file('batch.sh'),
    clusters: findDirective(directives, 'clusters'),
  }));
  const found = await findJobs(context, traits).catch((error: unknown): FoundJob[][] => {
    // Without Slurm on this host no job can be found.
    if (error instanceof MissingToolError) {
      return [];
    }
    throw error;
  });
  const ids = new Map(lostRuns.map(({ record }, index) => [record, found[index]?.at(-1)?.id]));
  return runs.map(([record, facts]) => [record, { ...facts, jobId: facts.jobId ?? ids.get(record) }]);
}

function mayContinue(facts: Facts): boolean {
  return facts.ended === undefined || mayBeRequeued(facts);
}

interface Observation {
  readonly job: Job | undefined;
  readonly hostname: string;
}

function deriveState({ id }: RunDirectory, facts: Facts, { job, hostname }: Observation): RunState {
  const { plan, ended, endpoint, jobId, resourceRecords, unreadable } = facts;
  const hosts = [...new Set(resourceRecords.map((resourceRecord) => resourceRecord.host))];
  const kind = plan?.kind ?? (jobId === undefined ? 'local' : 'job');
  const common = { id, kind, serves: plan?.serve ?? false, jobId, unreadable } as const;
  const isStartedAgain = job !== undefined && !hasEnded(job);
  if (ended !== undefined && !isStartedAgain) {
    const { reason, host, exitCode } = ended;
    return {
      ...common,
      state: reason,
      reason: undefined,
      host,
      ready: false,
      active: false,
      exitCode,
      leftOn: hosts,
      scriptPid: undefined,
    };
  }
  const here = resourceRecords.find(({ script }) => isRunning(script) === true);
  const scriptPid = jobId === undefined ? here?.script.pid : undefined;
  const isElsewhere =
    jobId === undefined && resourceRecords.some((each) => each.host !== hostname || isInOtherNamespace(each));
  const active = job === undefined ? scriptPid !== undefined : !hasEnded(job);
  return {
    ...common,
    state: job?.state ?? (active ? 'RUNNING' : isElsewhere ? elsewhere : getLostState(facts)),
    reason: job?.reason,
    host: job?.nodes ?? hosts[0],
    ready: active && endpoint !== undefined,
    active,
    exitCode: undefined,
    leftOn: active ? [] : hosts,
    scriptPid,
  };
}

/**
 * Returns whether the processes of a run cannot be seen because they belong to another PID namespace, such as
 * a container's.
 */
export function isInOtherNamespace({ host, script }: ResourceRecord): boolean {
  return script.host !== processHost(host) && isRunning(script) === undefined;
}

function getLostState({ unreadable }: Facts): string {
  return unreadable.length > 0 ? 'UNREADABLE' : 'LOST';
}
