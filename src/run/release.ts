import type { Directive } from '../slurm/directives.ts';
import { runSlurm } from '../slurm/run-slurm.ts';
import { queryJob } from '../slurm/job.ts';
import { formatJobId, toClusterOption } from '../slurm/job-id.ts';
import { findNodeName, findUnusableState } from '../slurm/node.ts';
import { createFullRequest, createSmallRequest } from '../slurm/request-options.ts';
import { NotStartedError, runSmallJob } from '../slurm/small-job.ts';
import { createBashEnvironment } from '../support/processes/bash-environment.ts';
import { type CommandResult, expectSuccess, getLastLines } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { getVisibilityDelayMs } from '../support/files/shared-files.ts';
import { type CleanupPlan, createCleanupPlan } from './plan/cleanup-plan.ts';
import type { ResourceRecord, RunDirectory } from './record/run-directory.ts';
import { renderRelease } from './plan/script.ts';

/** Time limit of a script that was signaled to terminate: Triton's time to stop, and Slurm's KillWait of 30 s. */
export const endMs = 60_000;
/** Time limit in the queue for each of the two requests of a cleanup job. */
const queueMs = 30_000;
/** Time limit of a cleanup step or job. */
const stepMs = 90_000;
const pollMs = 300;
/** Time in which a listing is requested from the file server at least once more. */
const relistMs = 1_200;

const shell = ['bash', '--norc', '-s'];

function onNode(node: string): string[] {
  return [`--nodelist=${node}`, '--ntasks=1', '--chdir=/'];
}

/**
 * Ends the resources of one start of a run with the cleanup code of the run's own script: on this host, or by
 * a step or a job of one task on the node.
 *
 * @throws {CommandFailedError} when something could not be ended.
 */
export async function release(
  context: Context,
  record: RunDirectory,
  resourceRecord: ResourceRecord,
  hostname: string,
): Promise<void> {
  const { directory, host } = resourceRecord;
  const plan = await createCleanupPlan(record, resourceRecord);
  const input = await renderRelease(plan, directory);
  if (host === hostname) {
    const result = await context.run('bash', ['--norc', '-s'], {
      input,
      env: createBashEnvironment(context.env),
      timeoutMs: endMs,
    });
    expectSuccess(result, `ending run ${plan.id}`);
    return;
  }
  const { cluster } = plan;
  const node = resourceRecord.node ?? (await findNodeName(context, host, cluster)) ?? host;
  const unusable = await findUnusableState(context, node, cluster);
  if (unusable !== undefined) {
    throw new CommandFailedError(`run ${plan.id} left resources on ${node}, which is ${unusable}`, {
      fix: `when the node is back: hpc-gat cleanup ${plan.id}`,
    });
  }
  const isLeft = (answer?: CommandResult): Promise<boolean> =>
    isResourceLeft(context, record, resourceRecord, answer);
  const why = await releaseRemotely(context, plan, { resourceRecord, node, input, isLeft });
  if (await isLeft()) {
    throw new CommandFailedError(
      `run ${plan.id} left resources on ${node}, where no cleanup could be started: ${why}`,
      { fix: `on ${node}, for example by ssh, or once a job can start there: hpc-gat cleanup ${plan.id}` },
    );
  }
}

interface Remote {
  readonly resourceRecord: ResourceRecord;
  /** Slurm's name of the node. */
  readonly node: string;
  readonly input: string;
  readonly isLeft: (answer?: CommandResult) => Promise<boolean>;
}

/**
 * Returns whether resources are left, by a listing newer than the answer: removed files may remain listed for
 * a while.
 */
async function isResourceLeft(
  context: Context,
  record: RunDirectory,
  resourceRecord: ResourceRecord,
  answer: CommandResult | undefined,
): Promise<boolean> {
  const { clock, signal } = context;
  const graceMs = answer?.exitCode === 0 ? await getVisibilityDelayMs(record.directory) : relistMs;
  const endMs = clock.now().getTime() + graceMs;
  while (await record.hasResources(resourceRecord)) {
    if (clock.now().getTime() >= endMs) {
      return true;
    }
    await clock.sleep(pollMs, signal);
  }
  return false;
}

/**
 * Cleans up in a step of the run's own allocation while that lasts, because nothing else may fit on the node;
 * else in a job with the same request. An allocation often ends with its run: ending the run then also ends
 * the step, perhaps before it has finished.
 *
 * @returns the answer of Slurm or the node when the cleanup was not started or failed
 */
async function releaseRemotely(context: Context, plan: CleanupPlan, remote: Remote): Promise<string> {
  const { cluster } = plan;
  const { resourceRecord, node, input, isLeft } = remote;
  const acceptsSteps = async (): Promise<boolean> =>
    resourceRecord.job !== '' &&
    (await queryJob(context, formatJobId({ number: resourceRecord.job, cluster })))?.state === 'RUNNING';
  if (!(await acceptsSteps())) {
    return releaseByJob(context, plan, remote);
  }
  const step = await runSlurm(
    context,
    'srun',
    [
      '--overlap',
      `--jobid=${resourceRecord.job}`,
      ...toClusterOption(cluster),
      ...onNode(node),
      '--quiet',
      ...shell,
    ],
    { input, timeoutMs: stepMs },
  );
  return (await isLeft(step)) && !(await acceptsSteps())
    ? releaseByJob(context, plan, remote)
    : getLastLines(step);
}

/**
 * Cleans up in a job with the request of the run's own job, which the partition accepted. When that job does not start,
 * for example because its GPUs are in use, the smallest request is used.
 */
async function releaseByJob(context: Context, plan: CleanupPlan, remote: Remote): Promise<string> {
  const { cluster } = plan;
  const { resourceRecord, node, input, isLeft } = remote;
  // The site may have chosen the partition, or one of several requested ones.
  const directives: Directive[] =
    resourceRecord.partition === undefined
      ? plan.directives
      : [
          ...plan.directives.filter(([name]) => name !== 'partition'),
          ['partition', resourceRecord.partition],
        ];
  const answers: string[] = [];
  for (const request of [createFullRequest(directives), createSmallRequest(directives)]) {
    context.output.info(`requesting a job on ${node} to clean up: ${request.join(' ')}`);
    try {
      const result = await runSmallJob(context, {
        options: [...toClusterOption(cluster), ...request, ...onNode(node), '--time=2'],
        command: shell,
        input: `echo started\n${input}`,
        cluster,
        waitMs: queueMs,
        limitMs: stepMs,
      });
      answers.push(getLastLines(result));
      if (!(await isLeft(result)) || result.stdout !== '') {
        break;
      }
    } catch (error) {
      if (!(error instanceof NotStartedError)) {
        throw error;
      }
      answers.push(error.message);
    }
  }
  return [...new Set(answers)].join('; ');
}
