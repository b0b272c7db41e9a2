import { hasEnded, type Job, queryJob, queryJobs } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { isRunning } from '../support/process-identity.ts';
import type { RunRecord } from './record.ts';

/** The state of a local run that can be seen from its own node alone. */
export const elsewhere = 'UNKNOWN';

/** What is known of a run at this moment, from its record, from Slurm and from this node. */
export interface RunState {
  readonly id: string;
  readonly kind: 'job' | 'local';
  /** Whether it keeps its server for others, instead of testing it. */
  readonly serves: boolean;
  readonly jobId: string | undefined;
  /** Slurm's state for a job that goes on; RUNNING for a local run; else the reason of the end, LOST, or UNKNOWN on another node. */
  readonly state: string;
  /** Why a job waits, in Slurm's word. */
  readonly reason: string | undefined;
  readonly host: string | undefined;
  /** Whether its model is ready now. */
  readonly ready: boolean;
  /** Whether it waits in the queue or runs. */
  readonly active: boolean;
  readonly exitCode: number | undefined;
  /** Nodes that still hold something of this run although it is over. */
  readonly leftOn: readonly string[];
  /** The process of its script, when that runs on this node. */
  readonly scriptPid: number | undefined;
}

/** @throws {CommandFailedError} when Slurm has to be asked and does not answer. */
export async function stateOfRun(context: Context, record: RunRecord, hostname: string): Promise<RunState> {
  const facts = await readFacts(record);
  const { jobId } = facts;
  const job = facts.ended === undefined && jobId !== undefined ? await queryJob(context, jobId) : undefined;
  return conclude(facts, job, hostname);
}

/**
 * The states of many runs, for which Slurm is asked about all jobs at once.
 *
 * @param over jobs that Slurm has called ended, kept by the caller from call to call: they are not asked about again.
 * @throws {CommandFailedError} when Slurm has to be asked and does not answer.
 */
export async function statesOfRuns(
  context: Context,
  records: readonly RunRecord[],
  hostname: string,
  over = new Map<string, Job>(),
): Promise<RunState[]> {
  const all = await Promise.all(records.map(readFacts));
  const asked = all.flatMap(({ ended, jobId }) =>
    ended === undefined && jobId !== undefined && !over.has(jobId) ? [jobId] : [],
  );
  const jobs = await queryJobs(context, asked);
  for (const [id, job] of jobs) {
    if (hasEnded(job)) {
      over.set(id, job);
    }
  }
  return all.map((facts) => {
    const job = facts.jobId === undefined ? undefined : (over.get(facts.jobId) ?? jobs.get(facts.jobId));
    return conclude(facts, job, hostname);
  });
}

type Facts = Awaited<ReturnType<typeof readFacts>>;

/** What a run's folder says. */
async function readFacts(record: RunRecord) {
  const [plan, ended, endpoint, jobId, holdings] = await Promise.all([
    record.plan(),
    record.ended(),
    record.endpoint(),
    record.jobId(),
    record.holdings(),
  ]);
  return { id: record.id, plan, ended, endpoint, jobId, holdings };
}

function conclude(facts: Facts, job: Job | undefined, hostname: string): RunState {
  const { id, plan, ended, endpoint, jobId, holdings } = facts;
  const hosts = [...new Set(holdings.map((holding) => holding.host))];
  const common = { id, kind: plan?.kind ?? 'local', serves: plan?.serve ?? false, jobId } as const;
  if (ended !== undefined) {
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
  const here = holdings.find(({ script }) => isRunning(script) === true);
  const scriptPid = jobId === undefined ? here?.script.pid : undefined;
  const isElsewhere = jobId === undefined && hosts.some((host) => host !== hostname);
  const active = job === undefined ? scriptPid !== undefined : !hasEnded(job);
  return {
    ...common,
    state: job?.state ?? (active ? 'RUNNING' : isElsewhere ? elsewhere : 'LOST'),
    reason: job?.reason,
    host: job?.nodes ?? hosts[0],
    ready: active && endpoint !== undefined,
    active,
    exitCode: undefined,
    leftOn: active ? [] : hosts,
    scriptPid,
  };
}
