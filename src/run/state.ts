import { hasEnded, queryJob } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { isRunning } from '../support/process-identity.ts';
import type { RunRecord } from './record.ts';

/** What is known of a run at this moment, from its record, from Slurm and from this node. */
export interface RunState {
  readonly id: string;
  readonly kind: 'job' | 'local';
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
  /** A node that still holds something of this run although it is over. */
  readonly leftOn: string | undefined;
  /** The process of its script, when that runs on this node. */
  readonly scriptPid: number | undefined;
}

/** @throws {CommandFailedError} when Slurm has to be asked and does not answer. */
export async function stateOfRun(context: Context, record: RunRecord, hostname: string): Promise<RunState> {
  const [plan, ended, endpoint, jobId, owner] = await Promise.all([
    record.plan(),
    record.ended(),
    record.endpoint(),
    record.jobId(),
    record.owningHost(),
  ]);
  const common = { id: record.id, kind: plan?.kind ?? 'local', jobId } as const;
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
      leftOn: owner,
      scriptPid: undefined,
    };
  }
  const job = jobId === undefined ? undefined : await queryJob(context, jobId);
  const scriptPid =
    jobId === undefined && owner === hostname ? await runningScript(record, hostname) : undefined;
  const elsewhere = jobId === undefined && owner !== undefined && owner !== hostname;
  const active = job === undefined ? scriptPid !== undefined : !hasEnded(job);
  return {
    ...common,
    state: job?.state ?? (active ? 'RUNNING' : elsewhere ? 'UNKNOWN' : 'LOST'),
    reason: job?.reason,
    host: job?.nodes ?? owner,
    ready: active && endpoint !== undefined,
    active,
    exitCode: undefined,
    leftOn: active ? undefined : owner,
    scriptPid,
  };
}

/** The script's process id, when that very process runs on this node. */
async function runningScript(record: RunRecord, host: string): Promise<number | undefined> {
  const text = await record.owned('script');
  const [pid, startTicks] = (text ?? '').split(' ').map(Number);
  return pid !== undefined && startTicks !== undefined && isRunning({ host, pid, startTicks }) === true
    ? pid
    : undefined;
}
