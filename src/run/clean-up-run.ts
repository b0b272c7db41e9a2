import { cancelJob, hasEnded, queryJob } from '../slurm/job.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { signalProcess } from '../support/processes/process-group.ts';
import type { RunDirectory } from './record/run-directory.ts';
import { endMs, release } from './release.ts';
import { elsewhere, isInOtherNamespace, type RunState, getRunState } from './record/state.ts';

const pollMs = 300;

export interface CleanupOptions {
  readonly dryRun: boolean;
  readonly hostname: string;
}

/**
 * Ends a run on any node and removes its recorded resources: its job, its script, its server, its container,
 * its shared memory, its temporary files. Nothing happens for a run that has ended in order, and a repetition
 * is harmless.
 *
 * @returns a line for each action, or with `dryRun` for each planned action
 * @throws {CommandFailedError} when something could not be ended.
 */
export async function cleanUpRun(
  context: Context,
  record: RunDirectory,
  options: CleanupOptions,
): Promise<string[]> {
  const { dryRun, hostname } = options;
  const done: string[] = [];
  const state = await getRunState(context, record, hostname);
  if (state.active && state.jobId !== undefined) {
    done.push(`cancel job ${state.jobId} (${state.state})`);
    if (!dryRun) {
      if ((await record.jobId().catch(() => undefined)) === undefined) {
        await record.writeJobId(state.jobId);
      }
      await endJob(context, record, state.jobId);
    }
  } else if (state.active && state.scriptPid !== undefined) {
    done.push(`end the script, process ${state.scriptPid}`);
    if (!dryRun) {
      (await record.facts()).resourceRecords.forEach(({ script }) => signalProcess(script, 'SIGTERM'));
      await waitUntil(context, async () => (await record.facts()).ended !== undefined);
    }
  }
  for (const resourceRecord of (await record.facts()).resourceRecords) {
    if (state.state === elsewhere && resourceRecord.host === hostname && isInOtherNamespace(resourceRecord)) {
      throw new CommandFailedError(
        `run ${record.id} was started on ${hostname} in another PID namespace, such as a container's: its processes cannot be seen from here`,
        {
          fix: `in that container, or once it has ended in a shell of ${hostname} outside of all containers: hpc-gat cleanup ${record.id}`,
        },
      );
    }
    if (!state.active || !dryRun) {
      done.push(
        `${formatCleanup(resourceRecord.host, state)}: server, container, shared memory, temporary files`,
      );
    }
    if (!dryRun) {
      await release(context, record, resourceRecord, hostname);
    }
  }
  return done;
}

/** Describes the cleanup on a node. A local run on another node cannot be seen from here: it may still run. */
function formatCleanup(host: string, { state }: RunState): string {
  return state === elsewhere
    ? `end the run on ${host} if it still runs, and remove its resources there`
    : `end and remove the remaining resources on ${host}`;
}

async function endJob(context: Context, record: RunDirectory, jobId: string): Promise<void> {
  await cancelJob(context, jobId);
  await waitUntil(context, async () => {
    const job = await queryJob(context, jobId);
    return (await record.facts()).ended !== undefined || job === undefined || hasEnded(job);
  });
}

async function waitUntil(context: Context, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = context.clock.now().getTime() + endMs;
  while (!(await condition())) {
    if (context.clock.now().getTime() > deadlineMs) {
      return;
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}
