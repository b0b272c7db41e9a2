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
  /** Nodes that still hold something of this run although it is over. */
  readonly leftOn: readonly string[];
  /** The process of its script, when that runs on this node. */
  readonly scriptPid: number | undefined;
}

/** @throws {CommandFailedError} when Slurm has to be asked and does not answer. */
export async function stateOfRun(context: Context, record: RunRecord, hostname: string): Promise<RunState> {
  const [plan, ended, endpoint, jobId, holdings] = await Promise.all([
    record.plan(),
    record.ended(),
    record.endpoint(),
    record.jobId(),
    record.holdings(),
  ]);
  const hosts = [...new Set(holdings.map((holding) => holding.host))];
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
      leftOn: hosts,
      scriptPid: undefined,
    };
  }
  const job = jobId === undefined ? undefined : await queryJob(context, jobId);
  const here = holdings.find(({ script }) => isRunning(script) === true);
  const scriptPid = jobId === undefined ? here?.script.pid : undefined;
  const elsewhere = jobId === undefined && hosts.some((host) => host !== hostname);
  const active = job === undefined ? scriptPid !== undefined : !hasEnded(job);
  return {
    ...common,
    state: job?.state ?? (active ? 'RUNNING' : elsewhere ? 'UNKNOWN' : 'LOST'),
    reason: job?.reason,
    host: job?.nodes ?? hosts[0],
    ready: active && endpoint !== undefined,
    active,
    exitCode: undefined,
    leftOn: active ? [] : hosts,
    scriptPid,
  };
}
