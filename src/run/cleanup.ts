import { existsSync } from 'node:fs';
import { runSlurm } from '../slurm/command.ts';
import { cancelJob, hasEnded, queryJob } from '../slurm/job.ts';
import { whyNodeIsUnusable } from '../slurm/node.ts';
import { expectSuccess, lastLines } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { type EndingPlan, endingPlanOf } from './ending-plan.ts';
import type { Holding, RunRecord } from './record.ts';
import { renderRelease } from './script.ts';
import { elsewhere, type RunState, stateOfRun } from './state.ts';

const pollMs = 300;
/** For a script that was asked to end: Triton's time to stop, and Slurm's KillWait of 30 s. */
const endMs = 60_000;
/** For a small job on a node that was left with something. */
const remoteMs = 120_000;

export interface CleanupOptions {
  readonly dryRun: boolean;
  readonly hostname: string;
}

/**
 * Ends a run, wherever it is, and removes what it recorded as its own: its job, its script, its server, its container,
 * its shared memory, its temporary files. A run that has ended in order needs nothing; twice is harmless.
 *
 * @returns a line for each thing that was done, or with `dryRun` would be.
 * @throws {CommandFailedError} when something could not be ended.
 */
export async function cleanUpRun(
  context: Context,
  record: RunRecord,
  options: CleanupOptions,
): Promise<string[]> {
  const { dryRun, hostname } = options;
  const done: string[] = [];
  const state = await stateOfRun(context, record, hostname);
  if (state.active && state.jobId !== undefined) {
    done.push(`cancel job ${state.jobId} (${state.state})`);
    if (!dryRun) {
      await endJob(context, record, state.jobId);
    }
  } else if (state.active && state.scriptPid !== undefined) {
    done.push(`end the script, process ${state.scriptPid}`);
    if (!dryRun) {
      process.kill(state.scriptPid, 'SIGTERM');
      await until(context, async () => (await record.facts()).ended !== undefined);
    }
  }
  for (const holding of (await record.facts()).holdings) {
    if (!state.active || !dryRun) {
      done.push(`${whatIsDoneOn(holding.host, state)}: server, container, shared memory, temporary files`);
    }
    if (!dryRun) {
      await release(context, await endingPlanOf(record, holding), holding, hostname);
    }
  }
  return done;
}

/** A local run on another node cannot be seen from here: it may go on. */
function whatIsDoneOn(host: string, { state }: RunState): string {
  return state === elsewhere
    ? `end the run on ${host} where it goes on, and remove what it has there`
    : `end and remove what is left on ${host}`;
}

async function endJob(context: Context, record: RunRecord, jobId: string): Promise<void> {
  await cancelJob(context, jobId);
  await until(context, async () => {
    const job = await queryJob(context, jobId);
    return (await record.facts()).ended !== undefined || job === undefined || hasEnded(job);
  });
}

/** Ends what is left with the text that the run's own script has for it: here, or by a job of one task over there. */
async function release(
  context: Context,
  plan: EndingPlan,
  holding: Holding,
  hostname: string,
): Promise<void> {
  const { folder, host } = holding;
  const input = await renderRelease(plan, folder);
  if (host === hostname) {
    const result = await context.run('bash', ['-s'], { input, env: context.env, timeoutMs: endMs });
    expectSuccess(result, `ending run ${plan.id}`);
    return;
  }
  const unusable = await whyNodeIsUnusable(context, host);
  if (unusable !== undefined) {
    throw new CommandFailedError(`run ${plan.id} left something on ${host}, which is ${unusable}`, {
      fix: `when the node is back: hpc-gat cleanup ${plan.id}`,
    });
  }
  const place = await placeOn(context, plan, holding);
  const result = await runSlurm(
    context,
    'srun',
    [...place, `--nodelist=${host}`, '--ntasks=1', '--quiet', '--chdir=/', 'bash', '-s'],
    { input, timeoutMs: remoteMs },
  );
  if (result.exitCode !== 0 || existsSync(folder)) {
    throw new CommandFailedError(
      `run ${plan.id} left something on ${host}, where no clean-up could be started: ${lastLines(result)}`,
      {
        fix: `on ${host}, for example by ssh or when the node is back: hpc-gat cleanup ${plan.id}`,
        cause: result,
      },
    );
  }
}

/** Beside the run in its own allocation, while that lasts: nothing else may fit on the node. Else a job as the run's. */
async function placeOn(context: Context, plan: EndingPlan, { job }: Holding): Promise<string[]> {
  const allocation = job === '' ? undefined : await queryJob(context, job);
  if (allocation !== undefined && !hasEnded(allocation)) {
    return ['--overlap', `--jobid=${job}`];
  }
  const asked = new Set(['account', 'partition', 'qos', 'reservation']);
  return [
    ...plan.directives.filter(([name]) => asked.has(name)).map(([name, value]) => `--${name}=${value}`),
    '--time=2',
  ];
}

async function until(context: Context, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = context.clock.now().getTime() + endMs;
  while (!(await condition())) {
    if (context.clock.now().getTime() > deadlineMs) {
      return;
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}
