import { runSlurm } from '../slurm/command.ts';
import { queryJob } from '../slurm/job.ts';
import { formatJobId, onCluster } from '../slurm/job-id.ts';
import { whyNodeIsUnusable } from '../slurm/node.ts';
import { type CommandResult, expectSuccess, lastLines } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { type EndingPlan, endingPlanOf } from './ending-plan.ts';
import type { Holding, RunRecord } from './record.ts';
import { renderRelease } from './script.ts';

/** For a script that was asked to end: Triton's time to stop, and Slurm's KillWait of 30 s. */
export const endMs = 60_000;
/** For a small job on a node that was left with something. */
const remoteMs = 120_000;

/**
 * Ends what one start of a run holds, with the text that the run's own script has for it: here, or by a step or a job of
 * one task over there.
 *
 * @throws {CommandFailedError} when something could not be ended.
 */
export async function release(
  context: Context,
  record: RunRecord,
  holding: Holding,
  hostname: string,
): Promise<void> {
  const { folder, host } = holding;
  const plan = await endingPlanOf(record, holding);
  const input = await renderRelease(plan, folder);
  if (host === hostname) {
    const result = await context.run('bash', ['-s'], { input, env: context.env, timeoutMs: endMs });
    expectSuccess(result, `ending run ${plan.id}`);
    return;
  }
  const unusable = await whyNodeIsUnusable(context, host, plan.cluster);
  if (unusable !== undefined) {
    throw new CommandFailedError(`run ${plan.id} left something on ${host}, which is ${unusable}`, {
      fix: `when the node is back: hpc-gat cleanup ${plan.id}`,
    });
  }
  const isLeft = (): Promise<boolean> => record.holds(holding);
  const asked = await releaseFromAfar(context, plan, holding, { input, isLeft });
  if (await isLeft()) {
    throw new CommandFailedError(
      `run ${plan.id} left something on ${host}, where no clean-up could be started: ${lastLines(asked)}`,
      {
        fix: `on ${host}, for example by ssh or when the node is back: hpc-gat cleanup ${plan.id}`,
        cause: asked,
      },
    );
  }
}

/**
 * Beside the run in its own allocation, while that lasts: nothing else may fit on the node. Else by a job as the run's.
 * An allocation often lasts only as long as its run: ending that takes our own step with it, perhaps before its end.
 */
async function releaseFromAfar(
  context: Context,
  plan: EndingPlan,
  { host, job }: Holding,
  { input, isLeft }: { input: string; isLeft: () => Promise<boolean> },
): Promise<CommandResult> {
  const { cluster } = plan;
  const onNode = [
    ...onCluster(cluster),
    ...[`--nodelist=${host}`, '--ntasks=1', '--quiet', '--chdir=/', 'bash', '-s'],
  ];
  const ask = (place: readonly string[]): Promise<CommandResult> =>
    runSlurm(context, 'srun', [...place, ...onNode], { input, timeoutMs: remoteMs });
  const byJob = (): Promise<CommandResult> => ask([...placeOfJob(plan), '--time=2']);
  const takesSteps = async (): Promise<boolean> =>
    job !== '' && (await queryJob(context, formatJobId({ number: job, cluster })))?.state === 'RUNNING';
  if (!(await takesSteps())) {
    return byJob();
  }
  const asked = await ask(['--overlap', `--jobid=${job}`]);
  return (await isLeft()) && !(await takesSteps()) ? byJob() : asked;
}

/** Where the run's own job was let run. */
function placeOfJob({ directives }: EndingPlan): string[] {
  const asked = new Set(['account', 'partition', 'qos', 'reservation']);
  return directives.filter(([name]) => asked.has(name)).map(([name, value]) => `--${name}=${value}`);
}
